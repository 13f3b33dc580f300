# The primary, as the source article makes it; $1 is the address of the standby.
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get update -q; apt-get install -yq --no-install-recommends postgresql-13 postgresql-client-13
base=/data/harbor_nas/pgsql
mkdir -p $base/data $base/pg_archive; chown -R postgres:postgres /data/harbor_nas; chmod 700 $base/data $base/pg_archive
unit=/lib/systemd/system/postgresql@.service
grep -q PGDATA= $unit || sed -i "/^\[Service\]/a Environment=PGDATA=$base/data" $unit
systemctl daemon-reload
pg_dropcluster --stop 13 main; pg_createcluster -d $base/data 13 main
etc=/etc/postgresql/13/main
cat > $etc/pg_hba.conf <<H
local   all             all                                     peer
host    all             all             0.0.0.0/0               md5
host    all             all             ::1/128                 md5
host    replication     all             127.0.0.1/32            md5
host    replication     all             ::1/128                 md5
host    replication     replica         $1/20        trust
H
sed -i "s/^#listen_addresses = .*/listen_addresses = '*'/; s/^#archive_mode = .*/archive_mode = on/; s/^#wal_level = .*/wal_level = replica/" $etc/postgresql.conf
sed -i "s|^#archive_command = .*|archive_command = 'test ! -f $base/pg_archive/%f \&\& cp %p $base/pg_archive/%f'|" $etc/postgresql.conf
systemctl restart postgresql@13-main; systemctl enable postgresql@13-main
cd /; runuser -u postgres -- psql -c "CREATE ROLE replica LOGIN REPLICATION ENCRYPTED PASSWORD 'replica123'"
runuser -u postgres -- psql -c "CREATE TABLE t AS SELECT generate_series(1, 1000) AS n"
