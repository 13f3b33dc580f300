//! What hosts look like from outside: where they are, and whether anything on them was touched.

use std::collections::BTreeMap;

use testkit::rig::Rig;

/// A host's packages, units, and files that the provider could write, by host.
pub fn fingerprints(rig: &Rig) -> BTreeMap<String, String> {
    // Users are let in before a boot has started all that it starts.
    const LOOK: &str = "systemctl is-system-running --wait >/dev/null || true
        dpkg-query -W -f '${Package} ${Version}\\n' | sha256sum
        find /etc /opt /srv /data /var/lib/postgresql /var/lib/docker /usr/local /root \
          -xdev -printf '%p %y %s %T@ %U %m\\n' 2>/dev/null | grep -v -e /etc/mtab -e '/etc ' |
          sort | sha256sum
        systemctl list-units --state active --plain --no-legend --type service |
          awk '{print $1}' | grep -v -e user -e systemd- -e ssh -e apt -e dpkg -e run- | sort";
    let look =
        |h: testkit::rig::Host| (h.state().name.clone(), h.sh(LOOK).expect("the host answers"));
    rig.hosts().map(look).collect()
}

/// Addresses by the hosts' names.
pub fn addresses(rig: &Rig) -> BTreeMap<String, String> {
    rig.hosts().map(|h| (h.state().name.clone(), h.address().to_owned())).collect()
}
