//! The oracle sees a loss where there is one, and none where there is none: changes of roles by
//! hand, without the provider.

use testkit::story::Story;

pub fn sees_a_loss(story: &Story) {
    let mut pair = crate::roles::new_pair(story);
    story.section("a switchover by hand loses nothing", || {
        let load = pair.full_load(8);
        load.wait_for(500);
        pair.manual_switchover("a");
        load.wait_for(500);
        let report = pair.compare(&load.stop(), "b").nothing_lost();
        story.tell(&report.to_string());
        assert!(report.gap.as_millis() > 50, "a switchover without a gap was none");
    });
    story.section("a failover of a standby that was behind does, and it is seen", || {
        let load = pair.full_load(8);
        pair.on("a").block_replication();
        load.wait_for(500);
        pair.on("b").crash();
        // Not fed before it is promoted: what the dead server's kernel holds would still come.
        pair.manual_promotion("a");
        pair.on("a").unblock_replication();
        load.wait_for(500);
        let acknowledged = load.stop();
        let report = pair.compare(&acknowledged, "a");
        story.tell(&report.to_string());
        assert!(report.lost.len() > 400, "500 commits never left b, and the oracle says {report}");
    });
}
