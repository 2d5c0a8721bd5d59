#!/usr/bin/env bash
# Installs what Carrel needs on Debian 12 and is not there yet: install.sh [build|test|demo]
#   build  compiler and libraries (when nothing is said)
#   test   these, and what ./test starts: PostgreSQL, Postfix, a browser, nginx
#   demo   a real documentation tree for the demo to import
# Asks dpkg first and the network only for what is missing. Services that come with a package are not started: the
# tests run their own, in folders of their own.
set -euo pipefail

build="gcc libc6-dev meson ninja-build pkg-config python3 brotli ccache git libmicrohttpd-dev libsqlite3-dev libpq-dev
	libsodium-dev libjansson-dev libcurl4-openssl-dev libseccomp-dev libunistring-dev libstemmer-dev libqrencode-dev
	libssl-dev zlib1g-dev libmd4c-dev libpng-dev libturbojpeg0-dev libwebp-dev python3-docutils libical-dev libpsl-dev libre-dev librem-dev espeak-ng
	libhunspell-dev hunspell-en-us hunspell-es"
tests="postgresql-15 postgresql-client postfix dovecot-imapd chromium swaks python3-dkim python3-nacl nginx-light wrk strace curl sqlite3 python3-jsonschema clang
	libclang-rt-14-dev clang-format sip-tester baresip-core kamailio"
services="postfix dovecot postgresql nginx kamailio"

what=${1:-build}
case $what in
build) want=$build ;;
test) want="$build $tests" ;;
demo) want="python-flask-doc" ;;
*) echo "usage: tools/install.sh [build|test|demo]" >&2; exit 64 ;;
esac
# Whoever has a newer Node.js keeps it.
[ $what = demo ] || { command -v node >/dev/null && command -v npm >/dev/null; } || want="$want nodejs npm"

if ! command -v dpkg-query >/dev/null; then
	echo "install.sh knows Debian 12 only. On another system install the counterparts of:" $want >&2
	exit 1
fi
have=" $( (dpkg-query -W -f='${db:Status-Status} ${Package}\n' $want 2>/dev/null || true) | sed -n 's/^installed //p' | tr '\n' ' ')"
missing=
for p in $want; do
	case $have in *" $p "*) ;; *) missing="$missing $p" ;; esac
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "These packages are missing, and only root may install them:" >&2
		echo "  apt-get install$missing" >&2
		exit 1
	fi
	as_root="sudo"
fi
echo "Installing:$missing"

# policy-rc.d keeps new services from starting; one that is there already is left alone.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
	$as_root chmod 755 $policy
	trap '$as_root rm -f $policy' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get -qq update
case $missing in *" postfix"*)
	echo "postfix postfix/main_mailer_type select Local only" | $as_root debconf-set-selections ;;
esac
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends $missing </dev/null >/tmp/carrel-apt.$$ 2>&1 || {
	tail -20 /tmp/carrel-apt.$$ >&2
	echo "apt-get could not install all packages; the whole text is in /tmp/carrel-apt.$$" >&2
	exit 1
}
rm -f /tmp/carrel-apt.$$
# Nor do they start with the machine, unless they were there before.
if [ -d /run/systemd/system ]; then
	for s in $services; do
		case $missing in *" $s"*) $as_root systemctl disable --now "$s" >/dev/null 2>&1 || true ;; esac
	done
fi
