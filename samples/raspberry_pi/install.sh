#!/usr/bin/env bash
# Sets up edgekit on a Raspberry Pi: ./install.sh edgekit-VERSION-py3-none-any.whl [VENV]
# Needs the 64-bit Raspberry Pi OS with Python 3.11 (bookworm) or 3.13 (trixie).
set -euo pipefail

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

[ $# -ge 1 ] || fail "which wheel? run: ./install.sh edgekit-VERSION-py3-none-any.whl [VENV]"
wheel=$1
venv=${2:-$HOME/edgekit-venv}
python=${PYTHON:-python3}

[ -f "$wheel" ] || fail "'$wheel' does not exist; copy it from the workstation (see README.md)"

machine=$(uname -m)
case $machine in
    aarch64) ;;
    armv6l | armv7l) fail "this system is 32-bit ($machine), LiteRT needs the 64-bit Raspberry Pi OS" ;;
    *) fail "this machine is $machine, not a 64-bit Raspberry Pi (aarch64)" ;;
esac

command -v "$python" > /dev/null || fail "no $python; run: sudo apt install python3 python3-venv"
# A 64-bit kernel may carry a 32-bit system: what counts is Python.
"$python" -c 'import struct, sys; sys.exit(struct.calcsize("P") != 8)' ||
    fail "$python is 32-bit although the kernel is not; install the 64-bit Raspberry Pi OS"
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
case $version in
    3.11 | 3.12 | 3.13) ;;
    *) fail "$python is $version, edgekit needs 3.11 to 3.13; name another: PYTHON=python3.11 $0 …" ;;
esac
"$python" -c 'import ensurepip, venv' 2> /dev/null ||
    fail "Python cannot make virtual environments; run: sudo apt install python3-venv"

"$python" -m venv "$venv"
"$venv/bin/pip" install --quiet --upgrade pip
"$venv/bin/pip" install "$wheel[litert]"
"$venv/bin/edgekit" doctor
echo "done; try: $venv/bin/edgekit validate BUNDLE"
