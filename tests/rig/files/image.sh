# Runs inside a new tree: from a fresh Debian to about what a cloud image is on first boot.
set -eu

# Who can log in, and how far: root; ops (sudo without password); opspw (sudo with password);
# nosudo. Keys come with the host, not with the image.
useradd --uid 1001 --create-home --shell /bin/bash ops
useradd --uid 1002 --create-home --shell /bin/bash opspw
useradd --uid 1003 --create-home --shell /bin/bash nosudo
echo "opspw:$OPSPW_PASSWORD" | chpasswd
echo 'ops ALL=(ALL:ALL) NOPASSWD:ALL' > /etc/sudoers.d/ops
echo 'opspw ALL=(ALL:ALL) ALL' > /etc/sudoers.d/opspw
chmod 0440 /etc/sudoers.d/ops /etc/sudoers.d/opspw

cat > /etc/ssh/sshd_config.d/10-cloud.conf <<'CONF'
PermitRootLogin prohibit-password
PasswordAuthentication no
Match User opspw
    PasswordAuthentication yes
CONF
rm -f /etc/ssh/ssh_host_*

# Addresses are static, written per host.
systemctl enable --quiet systemd-networkd.service ssh.service
# They would hold the package lock at a random moment.
systemctl disable --quiet apt-daily.timer apt-daily-upgrade.timer

# The kernel may lack an NFS client: these stand for mount.nfs and stay when nfs-common comes.
for name in mount.nfs mount.nfs4; do
    for folder in /sbin /usr/sbin; do
        dpkg-divert --quiet --local --no-rename --divert "$folder/$name.distrib" --add "$folder/$name" || true
    done
    install -m 0755 /rig/mount.nfs "/usr/sbin/$name"
    [ -e "/sbin/$name" ] || install -m 0755 /rig/mount.nfs "/sbin/$name"
done
# For the same reason this mount of nfs-common would fail.
systemctl mask --quiet run-rpc_pipefs.mount

# Docker needs the controllers writable where the machine has the old hierarchy of control groups.
install -m 0644 /rig/cgroups-writable.service /etc/systemd/system/cgroups-writable.service
systemctl enable --quiet cgroups-writable.service

# What is on a throw-away disk need not survive a power cut during an installation.
echo force-unsafe-io > /etc/dpkg/dpkg.cfg.d/unsafe-io
echo 'LANG=C.UTF-8' > /etc/default/locale
mkdir -p /srv/nas /var/lib/docker

rm -rf /rig /usr/sbin/policy-rc.d /etc/resolv.conf /etc/hostname /etc/hosts /var/lib/apt/lists/*
apt-get clean
: > /etc/machine-id
rm -f /var/lib/dbus/machine-id
