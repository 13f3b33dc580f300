# A node as the well-known recipe builds it: Docker and Compose by hand, PostgreSQL, Redis, Harbor
# 2.3.2 with its data on the shared folder. $1: URL of files; $2: of Docker's packages; $3: password.
files=$1 docker=$2 password=$3
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -qy --no-install-recommends curl openssl postgresql
curl -fsS "$docker/gpg" -o /etc/apt/trusted.gpg.d/docker.asc
echo "deb $docker bookworm stable" > /etc/apt/sources.list.d/docker.list
apt-get update -q
apt-get install -qy --no-install-recommends docker-ce docker-ce-cli containerd.io
cd /tmp
apt-get download -q docker-compose-plugin
dpkg -x docker-compose-plugin_*.deb compose
install -m 0755 compose/usr/libexec/docker/cli-plugins/docker-compose /usr/local/bin/docker-compose
cat > /etc/docker/daemon.json <<'JSON'
{
  "registry-mirrors": ["https://registry.docker-cn.com"]
}
JSON
systemctl reload docker

echo "host all all 0.0.0.0/0 md5" >> /etc/postgresql/15/main/pg_hba.conf
echo "listen_addresses = '*'" >> /etc/postgresql/15/main/postgresql.conf
systemctl restart postgresql@15-main
runuser -u postgres -- psql -q <<SQL
CREATE USER harbor LOGIN PASSWORD '$password';
CREATE DATABASE registry OWNER harbor;
CREATE DATABASE notarysigner OWNER harbor;
CREATE DATABASE notaryserver OWNER harbor;
SQL

mkdir -p /data /srv/nas/harbor_data
curl -fsS "$files/harbor-offline-installer-v2.3.2.tgz" | tar -xz -C /data
cd /data/harbor
mkdir ssl
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=harbor.unixsre.test \
  -addext subjectAltName=DNS:harbor.unixsre.test -keyout ssl/unixsre.key -out ssl/unixsre.cer
own=$(hostname -I | tr ' ' '\n' | grep ^198)
sed -e 's/^hostname: .*/hostname: harbor.unixsre.test/' \
  -e 's#/your/certificate/path#/data/harbor/ssl/unixsre.cer#' \
  -e 's#/your/private/key/path#/data/harbor/ssl/unixsre.key#' \
  -e "s/^harbor_admin_password: .*/harbor_admin_password: $password/" \
  -e 's#^data_volume: .*#data_volume: /srv/nas/harbor_data#' \
  -e 's/webhook_job_max_retry: .*/webhook_job_max_retry: 7/' harbor.yml.tmpl > harbor.yml
cat >> harbor.yml <<YML
self_registration: off
project_creation_restriction: adminonly
uaa:
  ca_file: /data/harbor/ssl/unixsre.cer
external_database:
  harbor:
    host: $own
    port: 5432
    db_name: registry
    username: harbor
    password: $password
    ssl_mode: disable
    max_idle_conns: 2
    max_open_conns: 0
  notary_signer: {host: $own, port: 5432, db_name: notarysigner, username: harbor, password: $password, ssl_mode: disable}
  notary_server: {host: $own, port: 5432, db_name: notaryserver, username: harbor, password: $password, ssl_mode: disable}
external_redis:
  host: 198.51.100.5:6379
  password: $password
  registry_db_index: 1
  jobservice_db_index: 2
  chartmuseum_db_index: 3
  trivy_db_index: 5
  idle_timeout_seconds: 30
YML
./install.sh --with-trivy
