# SPDX-License-Identifier: Apache-2.0
# Sourced by scripts that take packages of another Debian suite without installing anything: a private apt root with the
# machine's own Debian mirror and keys. Needs apt, not root.
#   apt_root DIR SUITE [deb|deb-src]     makes it in DIR (an absolute path) and loads the suite's lists; the caller removes DIR
#   private_apt ARGUMENTS…               apt-get there
# shellcheck shell=sh

# The first Debian archive among the machine's sources, in either format; security and third-party archives do not count.
debian_mirror() {
    cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list /etc/apt/sources.list 2>/dev/null |
        sed -n -e 's/^URIs:[[:space:]]*//p' -e 's/^deb[[:space:]]\{1,\}\(\[[^]]*\][[:space:]]*\)\{0,1\}\([^[:space:]]*\).*/\2/p' |
        tr ' ' '\n' | grep '/debian/*$' | head -n 1
}

apt_root() {
    apt_dir=$1
    apt_mirror=$(debian_mirror)
    if [ -z "$apt_mirror" ]; then
        echo "no Debian archive among this machine's apt sources" >&2
        return 1
    fi
    mkdir -p "$apt_dir/lists/partial" "$apt_dir/cache/archives/partial" "$apt_dir/etc/preferences.d"
    : >"$apt_dir/status"
    echo "${3:-deb} [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $apt_mirror $2 main" >"$apt_dir/sources.list"
    private_apt update
}

private_apt() {
    apt-get -qq -o Dir::Etc::SourceList="$apt_dir/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts="$apt_dir/etc/preferences.d" \
        -o Dir::State::Lists="$apt_dir/lists" -o Dir::State::status="$apt_dir/status" -o Dir::Cache="$apt_dir/cache" \
        -o APT::Default-Release= -o APT::Sandbox::User= "$@"
}
