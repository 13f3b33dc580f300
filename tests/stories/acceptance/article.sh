# What the well-known recipe has before Harbor: Docker and Compose by hand, PostgreSQL.
# $1: URL of Docker's packages.
docker=$1
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
