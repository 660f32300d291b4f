#!/bin/sh
# Runs a program as the service file and the container do: confined.sh DATA UID COMMAND...
# Everything is read-only but DATA; no capability, no new privileges.
# KEEP are directories that stay to be seen where COVER, those above them that only their owner may enter, are covered.
set -eu
data=$1 user=$2
shift 2
scratch=/media
mount -t tmpfs -o mode=755 tmpfs "$scratch"
number=0
for kept in ${KEEP:-}; do
	number=$((number + 1))
	mkdir "$scratch/$number"
	mount --rbind "$kept" "$scratch/$number"
done
for closed in ${COVER:-}; do
	mount -t tmpfs -o mode=755 tmpfs "$closed"
done
number=0
for kept in ${KEEP:-}; do
	number=$((number + 1))
	mkdir -p "$kept"
	mount --rbind "$scratch/$number" "$kept"
	mount -o remount,bind,ro "$kept"
done
mount -o remount,bind,ro "$scratch"
for closed in ${COVER:-}; do
	mount -o remount,bind,ro "$closed"
done
mount --bind "$data" "$data"
for place in / /tmp /var /home /root /run /dev/shm; do
	for options in ro ro,nosuid,nodev ro,nosuid,nodev,noexec; do # who is not root may take no flag away
		mount -o "remount,bind,$options" "$place" 2>/dev/null && break
	done
done
for place in / /tmp /var/tmp /root "$(dirname "$data")"; do
	if touch "$place/.qantara-canary" 2>/dev/null; then
		echo "still writable: $place" >&2
		exit 99
	fi
done
[ "$user" = same ] || set -- --reuid "$user" --regid "$user" --clear-groups -- "$@"
[ "$user" = same ] && set -- -- "$@"
exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
