# A host as the source article begins: the NAS, PostgreSQL of its project's repository, Docker and
# Compose of the distribution. $1: URL of that repository.
export DEBIAN_FRONTEND=noninteractive
mkdir -p /data/harbor_nas
echo "nas.example.test:/harbor_nas /data/harbor_nas nfs defaults,_netdev 0 0" >> /etc/fstab
mount /data/harbor_nas
apt-get update -q
apt-get install -qy --no-install-recommends ca-certificates curl docker.io docker-compose
curl -fsS "$1/ACCC4CF8.asc" -o /etc/apt/trusted.gpg.d/pgdg.asc
echo "deb $1 bullseye-pgdg main" > /etc/apt/sources.list.d/pgdg.list
apt-get update -q
apt-get install -qy --no-install-recommends postgresql-13
cat > /etc/docker/daemon.json <<'JSON'
{
  "registry-mirrors": [
    "https://registry.docker-cn.com"
  ],
  "insecure-registries": [
    "https://harbor.example.test"
  ]
}
JSON
systemctl daemon-reload
systemctl restart docker
