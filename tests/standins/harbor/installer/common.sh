#!/bin/bash
# Checks and messages that install.sh uses.

set +e
set -o noglob
bold=$(tput bold 2>/dev/null)
reset=$(tput sgr0 2>/dev/null)

h2() { printf "\n${bold}%s${reset}\n" "$*"; }
success() { printf "✔ %s\n" "$*"; }
error() { printf "✖ %s\n" "$*"; }
note() { printf "\n${bold}Note:${reset} %s\n" "$*"; }

set -e

# version_below A B: whether A is an older version than B (major.minor).
function version_below {
	[ "${1%%.*}" -lt "${2%%.*}" ] && return 0
	[ "${1%%.*}" -gt "${2%%.*}" ] && return 1
	local a=${1#*.} b=${2#*.}
	[ "$(echo "${a%%.*}" | sed 's/^0*\(.\)/\1/')" -lt "$(echo "${b%%.*}" | sed 's/^0*\(.\)/\1/')" ]
}

function check_docker {
	if ! docker --version &> /dev/null
	then
		error "Need to install docker(@DOCKER_SAID@+) first and run this script again."
		exit 1
	fi
	if [[ $(docker --version) =~ (([0-9]+)\.([0-9]+)([\.0-9]*)) ]]
	then
		docker_version=${BASH_REMATCH[1]}
		# What is compared is older than what newer releases say.
		if version_below "$docker_version" 17.06
		then
			error "Need to upgrade docker package to @DOCKER_SAID@+."
			exit 1
		fi
		note "docker version: $docker_version"
	else
		error "Failed to parse docker version."
		exit 1
	fi
}
@COMPOSE_CHECK@
