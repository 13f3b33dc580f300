#!/bin/bash
# Installs a node: loads the images, prepares, starts.

set -e
DIR="$(cd "$(dirname "$0")" && pwd)"
source "$DIR/common.sh"
set -o noglob

usage="Please set hostname and other necessary attributes in harbor.yml first. DO NOT use localhost or 127.0.0.1 for hostname, because Harbor needs to be accessed by external clients.
Please set @FLAGS@ if needs enable those parts of Harbor."
item=0
prepare_para=

while [ $# -gt 0 ]; do
	case $1 in
	--help)
		note "$usage"
		exit 0 ;;
@CASES@	*)
		note "$usage"
		exit 1 ;;
	esac
	shift || true
done

workdir=$DIR
cd "$workdir"

# The name can be given by the environment.
if [ -n "$host" ]
then
	sed "s/^hostname: .*/hostname: $host/g" -i ./harbor.yml
fi

h2 "[Step $item]: checking if docker is installed ..."; let item+=1
check_docker

h2 "[Step $item]: checking docker-compose is installed ..."; let item+=1
check_dockercompose

set +o noglob
if [ -f harbor*.tar.gz ]
then
	h2 "[Step $item]: loading Harbor images ..."; let item+=1
	docker load -i ./harbor*.tar.gz
fi
set -o noglob
echo ""

h2 "[Step $item]: preparing environment ...";  let item+=1

h2 "[Step $item]: preparing harbor configs ...";  let item+=1
./prepare $prepare_para
echo ""

@DOWN@
echo ""

h2 "[Step $item]: starting Harbor ..."
@COMPOSE@ up -d

success $"----Harbor has been installed and started successfully.----"
