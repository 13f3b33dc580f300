# Harbor 2.3.2 as the source article installs it. $1: URL of the installer and of the certificate;
# $2: every password; $3: host of PostgreSQL; $4: data volume; $5: more edits of harbor.yml, for
# sed; what follows are flags of install.sh.
files=$1 password=$2 database=$3 volume=$4 edits=$5
shift 5
mkdir -p /data "$volume"
curl -fsS "$files/harbor-offline-installer-v2.3.2.tgz" | tar -xz -C /data
cd /data/harbor
mkdir ssl
curl -fsS "$files/harbor.crt" -o ssl/harbor.cer
curl -fsS "$files/harbor.key" -o ssl/harbor.key
sed -e 's/^hostname: .*/hostname: harbor.example.test/' \
  -e 's#/your/certificate/path#/data/harbor/ssl/harbor.cer#' \
  -e 's#/your/private/key/path#/data/harbor/ssl/harbor.key#' \
  -e "s/^harbor_admin_password: .*/harbor_admin_password: $password/" \
  -e "s#^data_volume: .*#data_volume: $volume#" -e "$edits" harbor.yml.tmpl > harbor.yml
cat >> harbor.yml <<YML
self_registration: off
project_creation_restriction: adminonly
external_database:
  harbor:
    host: $database
    port: 5432
    db_name: registry
    username: harbor
    password: $password
    ssl_mode: disable
    max_idle_conns: 2
    max_open_conns: 0
  notary_signer: {host: $database, port: 5432, db_name: notarysigner, username: harbor, password: $password, ssl_mode: disable}
  notary_server: {host: $database, port: 5432, db_name: notaryserver, username: harbor, password: $password, ssl_mode: disable}
external_redis:
  host: 198.51.100.5:6379
  password: $password
  registry_db_index: 1
  jobservice_db_index: 2
  chartmuseum_db_index: 3
  trivy_db_index: 5
  idle_timeout_seconds: 30
YML
./install.sh "$@"
