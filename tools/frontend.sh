#!/bin/sh
# Installs what builds the front end, exactly as web/package-lock.json says, unless it is there. No scripts of packages
# are run. Several builds may ask at once; one installs.
set -eu
cd "$(dirname "$0")/../web"
stamp=node_modules/.carrel-stamp
fresh() { [ -f "$stamp" ] && cmp -s package-lock.json "$stamp"; }
fresh && exit 0
(
	flock 9
	fresh && exit 0
	command -v npm >/dev/null || { echo "npm is needed to build the front end: apt-get install nodejs npm" >&2; exit 1; }
	npm ci --ignore-scripts --no-audit --no-fund --silent
	cp package-lock.json "$stamp"
) 9>.install.lock
