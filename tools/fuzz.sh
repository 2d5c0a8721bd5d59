#!/usr/bin/env bash
# Runs the fuzz targets one after the other: tools/fuzz.sh [SECONDS [TARGET ...]] (60 seconds each; `header` is fuzz_header).
# Prints for each what it did: inputs a second, and findings. A finding is left beside build-fuzz as crash-*; what is found
# gets a test first. Seeds are in tests/fuzz/seeds, what a run learned is kept in build-fuzz/corpus.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
seconds=${1:-60}
[ $# = 0 ] || shift
[ -e build-fuzz/build.ninja ] || CC=clang meson setup build-fuzz -Dfuzz=true >/dev/null || exit 1
names=("$@")
if [ ${#names[@]} = 0 ]; then
	for file in tests/fuzz/fuzz_*.c; do
		name=${file##*/fuzz_}
		names+=("${name%.c}")
	done
fi
# Where memory was taken is not kept for each piece: a third more inputs. Without these options a finding says that, too.
export ASAN_OPTIONS=malloc_context_size=0:quarantine_size_mb=16
bad=0
for name in "${names[@]}"; do
	ninja -C build-fuzz "fuzz_$name" >build-fuzz/log 2>&1 || { grep -E 'error|unknown target' build-fuzz/log | head -3; bad=1; continue; }
	mkdir -p "build-fuzz/corpus/$name"
	seeds=()
	[ ! -d "tests/fuzz/seeds/$name" ] || seeds=("tests/fuzz/seeds/$name")
	"build-fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=3000 -print_final_stats=1 \
		-artifact_prefix="build-fuzz/crash-$name-" "build-fuzz/corpus/$name" "${seeds[@]}" >build-fuzz/log 2>&1
	code=$?
	rate=$(sed -nE 's/^stat::average_exec_per_sec: *//p' build-fuzz/log)
	if [ $code = 0 ]; then
		echo "$name: ${rate:-?} inputs a second, no finding in $seconds s"
	else
		echo "$name: FOUND something (exit code $code):"
		grep -E 'ERROR|die|Test unit|SUMMARY|runtime error|^carrel' build-fuzz/log | head -5
		bad=1
	fi
done
exit $bad
