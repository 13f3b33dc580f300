# The standby, as the source article makes it; $1 is the address of the primary.
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get update -q; apt-get install -yq --no-install-recommends postgresql-13 postgresql-client-13
base=/data/harbor_nas/pgsql_replica
mkdir -p $base/data $base/pg_archive; chown -R postgres:postgres /data/harbor_nas; chmod 700 $base/data $base/pg_archive
unit=/lib/systemd/system/postgresql@.service
grep -q PGDATA= $unit || sed -i "/^\[Service\]/a Environment=PGDATA=$base/data" $unit
systemctl daemon-reload
pg_dropcluster --stop 13 main; pg_createcluster -d $base/data 13 main
etc=/etc/postgresql/13/main
rm -rf $base/data/*
cd /; runuser -u postgres -- pg_basebackup -h $1 -p 5432 -U replica -Fp -Xs -Pv -R -D $base/data
echo "standby_mode = 'on'" > $base/data/standby.signal
sed -i "s/^#listen_addresses = .*/listen_addresses = '*'/; s/^#hot_standby = .*/hot_standby = on/; s/^#hot_standby_feedback = .*/hot_standby_feedback = on/; s/^#recovery_target_timeline = .*/recovery_target_timeline = 'latest'/; s/^#max_standby_streaming_delay = .*/max_standby_streaming_delay = 30s/; s/^#wal_receiver_status_interval = .*/wal_receiver_status_interval = 10s/" $etc/postgresql.conf
sed -i "s/^#primary_conninfo = .*/primary_conninfo = 'host=$1 port=5432 user=replica password=replica123'/" $etc/postgresql.conf
systemctl restart postgresql@13-main; systemctl enable postgresql@13-main
