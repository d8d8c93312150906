#!/usr/bin/env bash
# Gives one virtual environment a newer glibc: requirements/private_glibc.sh VENV PATCHELF
#
# Takes libc6, libstdc++6 and libgcc-s1 of the next release of this distribution with apt,
# from the mirror that the host's own apt uses and with its keyring, so that apt verifies the
# signatures. They are unpacked under VENV/glibc, and the environment's copies of the
# interpreter are pointed at them. Needs no root; the system stays as it is.
set -euo pipefail

readonly venv="${1:?usage: private_glibc.sh VENV PATCHELF}" patchelf="${2:?}"
readonly glibc="$venv/glibc" loader="ld-linux-x86-64.so.2"
work="$(mktemp -d)"
readonly work
trap 'rm -rf "$work"' EXIT

say() {
  printf 'private glibc: %s\n' "$1"
}

fail() {
  printf 'private glibc: %s\n' "$1" >&2
  exit 1
}

# Sets suite, components and keyring for the distribution that /etc/os-release names.
choose_release() {
  local keyring_package
  case "$ID" in
    debian) suite=trixie keyring_package=debian-archive-keyring ;;
    ubuntu) suite=noble keyring_package=ubuntu-keyring ;;
    *) fail "only Debian and Ubuntu hosts can get one; this is ${PRETTY_NAME:-$ID}." ;;
  esac
  keyring="$(find /usr/share/keyrings -name "$ID-archive-keyring.*" 2>/dev/null | sort | tail -n 1)"
  [ -n "$keyring" ] || fail "no archive keyring in /usr/share/keyrings: sudo apt-get install $keyring_package"
  readonly suite keyring
}

# apt's own state goes to the work folder and its hooks are off; the host's proxies and
# credentials stay in force.
write_apt_configuration() {
  mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/none" "$work/debs"
  : >"$work/state/status"
  cat >"$work/apt.conf" <<CONFIGURATION
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Default-Release;
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Get::AllowUnauthenticated "false";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::Languages "none";
Acquire::Retries "5";
Dir::Cache "$work/cache";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "$work/none";
Dir::Etc::SourceList "$work/sources.list";
Dir::Etc::SourceParts "$work/none";
Dir::State "$work/state";
Dir::State::Status "$work/state/status";
CONFIGURATION
}

private_apt() {
  apt-get --config-file "$work/apt.conf" --quiet=2 "$@"
}

# The addresses that the host's apt has for its own release, one a line; a third party's
# repository may be among them.
host_mirrors() {
  # shellcheck disable=SC2016 # apt fills these in, not the shell
  apt-get indextargets --format '$(RELEASE) $(CODENAME) $(REPO_URI)' |
    awk -v release="${VERSION_CODENAME:-}" '($1 == release || $2 == release) && !seen[$NF]++ { print $NF }'
}

# The first mirror that serves the next release, signed with the archive's key, is taken.
read_package_lists() {
  local mirror mirrors
  mirrors="$(host_mirrors)"
  say "reading apt's package lists of $suite (a minute, by the network)"
  [ -n "$mirrors" ] || fail "apt has no source for ${VERSION_CODENAME:-this release} to take a mirror's address from."
  while read -r mirror; do
    printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$suite" "$keyring" "$mirror" "$suite-updates" \
      >"$work/sources.list"
    if private_apt update 2>>"$work/errors"; then return; fi
  done <<<"$mirrors"
  cat "$work/errors" >&2
  fail "apt could not read $suite from the mirror that this host uses.
  If a key is missing (NO_PUBKEY above), the host's keyring is older than $suite:
  sudo apt-get update && sudo apt-get install --only-upgrade $(dpkg-query --search "$keyring" | cut -d: -f1)"
}

# Debian and Ubuntu put libraries under /usr/lib or /lib; the loader wants them in one folder.
unpack_libraries() {
  local package folder
  say "downloading libc6, libstdc++6 and libgcc-s1 of $suite (seconds)"
  (cd "$work/debs" && private_apt download libc6 libstdc++6 libgcc-s1) ||
    fail "apt could not download libc6, libstdc++6 and libgcc-s1 of $suite."
  for package in "$work"/debs/*.deb; do dpkg-deb --extract "$package" "$work/root"; done
  rm -rf "$glibc"
  mkdir "$glibc"
  for folder in "$work"/root/{lib,usr/lib}/x86_64-linux-gnu; do
    if [ -d "$folder" ]; then cp -a "$folder/." "$glibc/"; fi
  done
  [ -e "$glibc/$loader" ] || fail "the libc6 of $suite holds no $loader."
}

# The two --add-needed bring the newer C++ runtime in before TensorFlow asks for the host's.
patch_interpreter() {
  local interpreter library_path
  say "pointing the environment's Python at them"
  library_path="$glibc:$("$venv/bin/python" -c \
    'import os, sys, sysconfig; print(sysconfig.get_config_var("LIBDIR") + ":" + os.path.join(sys.base_prefix, "lib"))')"
  for interpreter in "$venv"/bin/python*; do
    if [ -L "$interpreter" ]; then continue; fi
    "$patchelf" --set-interpreter "$glibc/$loader" --force-rpath --set-rpath "$library_path" \
      --add-needed libstdc++.so.6 --add-needed libgcc_s.so.1 "$interpreter"
  done
  "$venv/bin/python" -c 'import os; print("private", os.confstr("CS_GNU_LIBC_VERSION"), "for this environment only")' ||
    fail "the interpreter does not start with it: $venv/bin/python"
}

command -v apt-get >/dev/null || fail "this host has no apt-get to take one with."
# shellcheck source=/dev/null
. /etc/os-release
choose_release
write_apt_configuration
read_package_lists
unpack_libraries
patch_interpreter
