
function check_dockercompose {
	if ! docker-compose --version &> /dev/null
	then
		error "Need to install docker-compose(1.18.0+) by yourself first and run this script again."
		exit 1
	fi
	if [[ $(docker-compose --version) =~ (([0-9]+)\.([0-9]+)([\.0-9]*)) ]]
	then
		docker_compose_version=${BASH_REMATCH[1]}
		if version_below "$docker_compose_version" 1.18
		then
			error "Need to upgrade docker-compose package to 1.18.0+."
			exit 1
		fi
		note "docker-compose version: $docker_compose_version"
	else
		error "Failed to parse docker-compose version."
		exit 1
	fi
}
