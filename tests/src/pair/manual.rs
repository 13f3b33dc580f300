//! Changes of roles by hand: PostgreSQL's own commands, for what others do and for comparison.

use super::{Pair, other};

impl<'a> Pair<'a> {
    /// PostgreSQL's own switchover, as a script over one open SSH connection per host: stop here,
    /// promote there. Nothing is proven. The old primary comes back as standby.
    #[track_caller]
    pub fn manual_switchover(&self, from: &'a str) {
        let (old, new) = (self.on(from), self.on(other(from)));
        new.sql(
            "SELECT pg_create_physical_replication_slot('breakwater')
            WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = 'breakwater')",
        );
        old.sql("CHECKPOINT");
        old.ctl("stop -m fast");
        self.manual_promotion(other(from));
        old.signal();
        old.ctl("start");
        new.sql("CHECKPOINT");
        old.replays(&new.write_position());
        old.sql("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots");
    }

    /// Promotes a standby, whatever it has.
    #[track_caller]
    pub fn manual_promotion(&self, host: &'a str) {
        assert_eq!(self.on(host).sql("SELECT pg_promote(true, 60)"), "t");
    }
}
