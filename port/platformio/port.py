# SPDX-License-Identifier: Apache-2.0
# Run by PlatformIO when it builds libdet: the platform `native` gets the port for POSIX hosts. Others bring a port of their
# own, a struct of functions (port/README.md). Knobs (include/det_config.h) are for the library and its users alike: in
# build_flags of platformio.ini, e.g. -DDET_TLS=0.
Import("env")  # noqa: F821

sources = ["-<*>", "+<src/>"]
if env["PIOPLATFORM"] == "native":  # noqa: F821
    sources.append("+<port/posix/>")
env.Replace(SRC_FILTER=sources)  # noqa: F821
