/* SPDX-License-Identifier: Apache-2.0
 * The columns of det's lists (contract 6.2, 6.5), in their order, and what else of an answer counts (6.1). */
#include "columns.h"

#include "det_json.h"
#include "list.h"

#define PAGE_FIELD(path, member) {NULL, path, DET__SHOW_PAGE, 0, DET__NEED_NOTHING, offsetof(det__page, member)}
#define PAGE_FIELDS                                                                                                    \
    {NULL, "pagination", DET__SHOW_THERE, 0, DET_JSON_OBJECT, 0}, PAGE_FIELD("pagination.offset", offset),             \
        PAGE_FIELD("pagination.limit", limit), PAGE_FIELD("pagination.startIndex", start),                             \
        PAGE_FIELD("pagination.endIndex", end), PAGE_FIELD("pagination.total", total)

static const det__field experiments[] = {
    {"Workspace", "experiments.[].workspaceName", DET__SHOW_VALUE, DET__LIST_PROJECT, DET__NEED_NOTHING, 0},
    {"Project", "experiments.[].projectName", DET__SHOW_VALUE, DET__LIST_PROJECT, DET__NEED_NOTHING, 0},
    {"ID", "experiments.[].id", DET__SHOW_VALUE, 0, DET__NEED_KEY, 0},
    {"Owner", "experiments.[].username", DET__SHOW_VALUE, 0, DET__NEED_KEY, 0},
    {"Name", "experiments.[].name", DET__SHOW_VALUE, 0, DET__NEED_KEY, 0},
    {"Parent ID", "experiments.[].forkedFrom", DET__SHOW_VALUE, 0, DET__NEED_NOTHING, 0},
    {"State", "experiments.[].state", DET__SHOW_STATE, 0, DET_JSON_STRING, 0},
    {"Progress", "experiments.[].progress", DET__SHOW_PERCENT, 0, DET__NEED_NOTHING, 0},
    {"Started", "experiments.[].startTime", DET__SHOW_TIME, 0, DET__NEED_KEY, 0},
    {"Ended", "experiments.[].endTime", DET__SHOW_TIME, 0, DET__NEED_NOTHING, 0},
    {"Resource Pool", "experiments.[].resourcePool", DET__SHOW_VALUE, 0, DET__NEED_NOTHING, 0},
    {"Archived", "experiments.[].archived", DET__SHOW_VALUE, DET__LIST_ALL, DET__NEED_KEY, 0},
    {NULL, "experiments", DET__SHOW_THERE, 0, DET_JSON_ARRAY, 0},
    PAGE_FIELDS};

static const det__field checkpoints[] = {
    {"Trial ID", "checkpoints.[].training.trialId", DET__SHOW_VALUE, 0, DET__NEED_NOTHING, 0},
    {"# of Batches", "checkpoints.[].metadata.steps_completed", DET__SHOW_VALUE, 0, DET__NEED_NOTHING, 0},
    {"State", "checkpoints.[].state", DET__SHOW_STATE, 0, DET_JSON_STRING, 0},
    {"Validation Metric", "checkpoints.[].training.validationMetrics.avgMetrics.*", DET__SHOW_METRIC, 0, DET__NEED_NOTHING, 0},
    {"UUID", "checkpoints.[].uuid", DET__SHOW_VALUE, 0, DET__NEED_KEY, 0},
    {"Resources", "checkpoints.[].resources.*", DET__SHOW_FILES, 0, DET__NEED_NOTHING, 0},
    {"Size", "", DET__SHOW_SIZE, 0, DET__NEED_NOTHING, 0},
    {NULL, "checkpoints.[].training.experimentConfig.searcher.metric", DET__SHOW_METRIC_NAME, 0, DET__NEED_NOTHING, 0},
    {NULL, "checkpoints.[].training", DET__SHOW_THERE, 0, DET_JSON_OBJECT, 0},
    {NULL, "checkpoints.[].metadata", DET__SHOW_THERE, 0, DET_JSON_OBJECT, 0},
    {NULL, "checkpoints.[].resources", DET__SHOW_RESOURCES, 0, DET__NEED_KEY, 0},
    {NULL, "checkpoints", DET__SHOW_THERE, 0, DET_JSON_ARRAY, 0},
    PAGE_FIELDS};

const det__field *det__fields(int kind, size_t *n) {
    int c = kind == DET__LIST_CHECKPOINTS;
    *n = c ? sizeof checkpoints / sizeof *checkpoints : sizeof experiments / sizeof *experiments;
    return c ? checkpoints : experiments;
}
