
DOCKER_COMPOSE=
function check_dockercompose {
	# A host with neither falls through to the parse error below.
	if docker compose version &> /dev/null
	then
		DOCKER_COMPOSE="docker compose"
	else
		DOCKER_COMPOSE="docker-compose"
	fi
	if [[ $($DOCKER_COMPOSE version 2>/dev/null) =~ (([0-9]+)\.([0-9]+)([\.0-9]*)) ]]
	then
		docker_compose_version=${BASH_REMATCH[1]}
		if version_below "$docker_compose_version" 1.18
		then
			error "Need to upgrade docker-compose package to 1.18.0+."
			exit 1
		fi
		note "Docker Compose version: $docker_compose_version"
	else
		error "Failed to parse docker-compose version."
		exit 1
	fi
}
