# Runs inside a new layer over a Debian tree: from that to what a cloud's Ubuntu looks like.
# Environment: VERSION (24.04), TITLE (Noble Numbat), CODENAME (noble), PACKAGES to install from Debian.
set -eu

printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
chmod 0755 /usr/sbin/policy-rc.d
apt="apt-get -qy --no-install-recommends -o Acquire::Check-Valid-Until=false -o Acquire::Check-Date=false -o Acquire::Languages=none"
$apt update
$apt install $PACKAGES
rm -rf /usr/sbin/policy-rc.d /var/lib/apt/lists/*
apt-get clean

cat > /usr/lib/os-release <<END
PRETTY_NAME="Ubuntu $VERSION LTS"
NAME="Ubuntu"
VERSION_ID="$VERSION"
VERSION="$VERSION LTS ($TITLE)"
VERSION_CODENAME=$CODENAME
ID=ubuntu
ID_LIKE=debian
UBUNTU_CODENAME=$CODENAME
END
cat > /etc/lsb-release <<END
DISTRIB_ID=Ubuntu
DISTRIB_RELEASE=$VERSION
DISTRIB_CODENAME=$CODENAME
DISTRIB_DESCRIPTION="Ubuntu $VERSION LTS"
END
printf 'Vendor: Ubuntu\nVendor-URL: https://www.ubuntu.com/\nParent: Debian\n' > /etc/dpkg/origins/ubuntu
ln -sfn ubuntu /etc/dpkg/origins/default

# What the host is told comes with it. Its network, its name, its host keys and its package sources are
# not for cloud-init to say.
cat > /etc/cloud/cloud.cfg.d/99-rig.cfg <<'END'
datasource_list: [NoCloud]
network: {config: disabled}
ssh_deletekeys: false
ssh_genkeytypes: []
disable_root: true
users: [default]
system_info:
  default_user:
    name: ubuntu
    lock_passwd: true
    groups: [adm, sudo]
    sudo: ["ALL=(ALL) NOPASSWD:ALL"]
    shell: /bin/bash
cloud_init_modules: [users-groups, ssh]
cloud_config_modules: []
cloud_final_modules: [scripts-user]
END

if [ -d /etc/needrestart ]; then
    # As Ubuntu has it from 24.04 on: whatever uses an old file restarts.
    printf '%s\n' "\$nrconf{restart} = 'a';" > /etc/needrestart/conf.d/ubuntu.conf
fi
if [ -e /usr/bin/unattended-upgrade ]; then
    cat > /etc/apt/apt.conf.d/50unattended-upgrades <<'END'
Unattended-Upgrade::Allowed-Origins {
    "${distro_id}:${distro_codename}";
    "${distro_id}:${distro_codename}-security";
};
END
    cat > /etc/apt/apt.conf.d/20auto-upgrades <<'END'
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
END
    systemctl enable --quiet apt-daily.timer apt-daily-upgrade.timer unattended-upgrades.service
fi
