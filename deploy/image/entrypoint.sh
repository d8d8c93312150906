#!/bin/sh
# Runners start a Beam worker with options only; people and orchestrators name a command.
set -eu

case "${1:---help}" in
  --help) exec tfx-mnist --help ;;
  -*) exec /opt/apache/beam/boot "$@" ;;
  *) exec "$@" ;;
esac
