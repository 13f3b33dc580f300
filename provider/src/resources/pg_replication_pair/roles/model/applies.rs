//! An apply by the table, effect by effect; it can be cut off, and the world can change meanwhile.

use super::super::decision::{Consents, Decision, Refusal, Transition};
use super::super::observed::{Server, Who};
use super::super::operations::{Operation, operations};
use super::super::table::row_without;
use super::effects::Effect;
use super::sim::{Data, Sim};
use super::world::World;

/// How an apply ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Done,
    Refused(Refusal),
    /// A host does not answer, and without it nothing can be said.
    NeedsBoth,
    /// A step failed.
    Failed,
    /// It was cut off.
    Cut,
}

/// What happens in the middle of an apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// It is cut off; nothing is undone.
    Cut,
    /// The step fails there, or nobody knows how far it came.
    Fail,
    /// The standby receives no more, and a client writes.
    CutLink,
    /// It receives no more, and nobody notices.
    Stick,
    /// One crashes.
    Crash(Who),
    /// Somebody starts one.
    Boot(Who),
    /// Somebody starts one, a client writes, and it crashes.
    Run(Who),
    /// A disk is full.
    Full(Who),
}

/// An effect that one change lacks.
pub type Lacking = (Transition, Effect);

/// How an apply runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Run<'a> {
    /// The row that the table lacks.
    pub without: Option<&'a str>,
    /// The effect that the steps lack.
    pub lacking: Option<Lacking>,
    /// What happens before which effect, counted from now.
    pub interrupted: Option<(usize, Interruption)>,
}

/// One thing that is done: of a change, or of what every apply does.
#[derive(Clone, Copy, Debug)]
enum Task {
    Do(Operation),
    Make(usize),
    Copy(usize),
    Resume(usize),
    DropStaleSlot(usize),
}

impl World {
    /// What the user agrees to, with what the state says.
    pub fn consents(&self, wanted: usize, consents: &Consents) -> Consents {
        let (before, timeline) = self.recorded;
        let now = self.servers[wanted].timeline;
        let (new_primary, superseded) = (now > timeline, now < timeline);
        Consents { new_primary, superseded, other_recorded: before != wanted, ..consents.clone() }
    }

    /// Rounds until nothing is left.
    pub fn apply(&mut self, wanted: usize, consents: &Consents, mut run: Run) -> End {
        self.asked = self.asked.filter(|who| self.servers[*who].promoting);
        self.fenced = [false; 2];
        for _ in 0..12 {
            let consents = self.consents(wanted, consents);
            let seen = self.observe(wanted);
            let Some(row) = row_without(run.without, &seen, &consents) else {
                self.violations.push("nobody thought of this".to_owned());
                return End::Failed;
            };
            let writes =
                matches!(seen.other, Server::Primary | Server::Starting { standby: false });
            if row.then == Decision::Maintain && writes && seen.wanted != Server::Primary {
                self.violations.push("who takes writes is maintained as a standby".to_owned());
            }
            let (change, tasks) = match row.then {
                Decision::Refuse(why) => return End::Refused(why),
                Decision::NeedsBoth => return End::NeedsBoth,
                Decision::Maintain => (None, self.maintenance(wanted)),
                Decision::Do(change) => {
                    (Some(change), operations(change, &seen).into_iter().map(Task::Do).collect())
                }
            };
            if tasks.is_empty() {
                self.recorded = (wanted, self.servers[wanted].timeline);
                return End::Done;
            }
            if let Some(end) = self.perform(&tasks, change, wanted, &mut run) {
                return end;
            }
        }
        self.violations.push("an apply goes round in circles".to_owned());
        End::Failed
    }

    /// What every apply does, as far as it is seen to be needed.
    fn maintenance(&self, wanted: usize) -> Vec<Task> {
        use Operation::{AwaitPosition, Fence, MakeSlot, Start, WritePosition};
        let other = 1 - wanted;
        let proof = [WritePosition(Who::Wanted), AwaitPosition(Who::Other)].map(Task::Do);
        let then_proof = |tasks: &[Operation]| {
            tasks.iter().copied().map(Task::Do).chain(proof).collect::<Vec<_>>()
        };
        match (&self.servers[wanted], &self.servers[other]) {
            (Sim { data: Data::None, .. }, _) => vec![Task::Make(wanted)],
            (Sim { starting: true, .. } | Sim { up: false, .. }, _) => {
                vec![Task::Do(Start(Who::Wanted))]
            }
            (Sim { slot: false, .. }, _) => vec![Task::Do(MakeSlot(Who::Wanted))],
            (_, Sim { reachable: false, .. }) => vec![],
            (_, Sim { data: Data::None, .. }) => vec![Task::Copy(other)],
            (_, Sim { starting: true, .. }) => then_proof(&[Start(Who::Other)]),
            (_, Sim { up: false, signal: false, .. } | Sim { up: false, promoting: true, .. }) => {
                then_proof(&[Fence(Who::Other), Start(Who::Other)])
            }
            (_, Sim { up: false, .. }) => then_proof(&[Start(Who::Other)]),
            (_, Sim { paused: true, .. }) => vec![Task::Resume(other)],
            _ if !self.attached(other) => then_proof(&[]),
            (_, Sim { slot: true, .. }) => vec![Task::DropStaleSlot(other)],
            _ => vec![],
        }
    }

    /// One after the other; none if all went well.
    fn perform(
        &mut self,
        tasks: &[Task],
        change: Option<Transition>,
        wanted: usize,
        run: &mut Run,
    ) -> Option<End> {
        let is_proof = |task: &Task| matches!(task, Task::Do(Operation::AwaitPosition(_)));
        let proof = tasks.iter().position(is_proof);
        let mut late = false;
        for (index, task) in tasks.iter().enumerate() {
            let operation = match *task {
                Task::Do(operation) => operation,
                _ if self.maintain(*task) => continue,
                _ => return Some(End::Failed),
            };
            if operation == Operation::HandOver && !late && !self.ready(wanted) {
                self.violations.push("a primary is stopped for nothing".to_owned());
            }
            let pending = run.interrupted.is_some();
            let end = self.operate(operation, change, wanted, run);
            // No step knows of what happens when the proof has begun.
            late |= pending && run.interrupted.is_none() && proof.is_some_and(|p| index >= p);
            if end == Some(End::Failed)
                && let Some(undo) = operation.undo()
            {
                let undone = self.operate(undo, change, wanted, run);
                if undone != Some(End::Cut) {
                    self.put_back(undo, wanted);
                }
                return undone.filter(|undone| *undone == End::Cut).or(end);
            }
            if end.is_some() {
                return end;
            }
        }
        None
    }

    /// Until a promotion is asked for, what was stopped runs again.
    fn put_back(&mut self, undo: Operation, wanted: usize) {
        let stopped = if undo == Operation::HandBack { 1 - wanted } else { wanted };
        let asked = !self.servers[wanted].signal || self.servers[wanted].promoting;
        let server = &self.servers[stopped];
        let runs = if undo == Operation::HandBack { server.writable() } else { server.up };
        if !asked && !runs && !server.full {
            self.violations.push("what was stopped stays down".to_owned());
        }
    }

    fn operate(
        &mut self,
        operation: Operation,
        change: Option<Transition>,
        wanted: usize,
        run: &mut Run,
    ) -> Option<End> {
        for effect in operation.effects() {
            if let Some(end) = self.interrupt(wanted, Some(effect), run) {
                return Some(end);
            }
            if change.is_some() && run.lacking == change.map(|change| (change, effect)) {
                continue;
            }
            if !self.act(effect, wanted) {
                return Some(End::Failed);
            }
        }
        // All of it is done, and nobody knows.
        operation.undo().and_then(|_| self.interrupt(wanted, None, run))
    }

    /// What happens before an effect.
    fn interrupt(&mut self, wanted: usize, next: Option<Effect>, run: &mut Run) -> Option<End> {
        let (left, what) = run.interrupted?;
        if let Some(left) = left.checked_sub(1) {
            run.interrupted = Some((left, what));
            return None;
        }
        run.interrupted = None;
        let at = |who| if who == Who::Wanted { wanted } else { 1 - wanted };
        match what {
            Interruption::Cut => return Some(End::Cut),
            Interruption::Fail => return Some(End::Failed),
            Interruption::CutLink => {
                self.link = false;
                // What one that does not answer goes on to write, nobody knows.
                if self.servers.iter().all(|server| server.reachable) {
                    self.write();
                }
            }
            Interruption::Crash(who) => self.servers[at(who)].stop(),
            // Between a look and what it leads to there is a moment that no script can close.
            Interruption::Boot(who) if next == Some(Effect::Idle(who)) => {
                self.start(at(who));
            }
            Interruption::Run(who) if next == Some(Effect::Idle(who)) => {
                self.start(at(who));
                self.write();
                self.servers[at(who)].stop();
            }
            Interruption::Boot(_) | Interruption::Run(_) => {}
            Interruption::Stick => self.stuck = true,
            Interruption::Full(who) => self.servers[at(who)].full = true,
        }
        None
    }

    /// A primary is only stopped for a standby that follows, and that lets it in afterwards.
    fn ready(&self, wanted: usize) -> bool {
        self.attached(wanted)
            && !self.servers[wanted].paused
            && self.within_lag
            && self.closed != Some(wanted)
    }

    /// False if it fails.
    fn maintain(&mut self, task: Task) -> bool {
        match task {
            Task::Make(who) if !self.servers[who].full => {
                self.servers[who] = self.servers[who].replaced(true);
            }
            Task::Copy(who) if !self.servers[who].full && self.link && self.closed.is_none() => {
                if self.slot_lost || !self.servers[1 - who].slot {
                    return false;
                }
                self.servers[who] = self.servers[who].replaced(false);
                self.copy_wal(who);
            }
            Task::Resume(who) => self.servers[who].paused = false,
            Task::DropStaleSlot(who) => self.servers[who].slot = false,
            Task::Make(_) | Task::Copy(_) | Task::Do(_) => return false,
        }
        true
    }

    /// After an apply that succeeded: one primary, which has everything, and a standby that can follow.
    pub fn check(&mut self, wanted: usize) {
        let other = 1 - wanted;
        let mut found = Vec::new();
        if !self.is_primary(wanted) {
            found.push("the wanted one does not take writes");
        }
        let excused = self.agreed || (self.manual_change && !self.servers[other].reachable);
        if !excused && self.acknowledged.iter().any(|id| !self.servers[wanted].wal.contains(id)) {
            found.push("acknowledged writes are gone");
        }
        let second = &self.servers[other];
        if second.reachable && second.writable() {
            found.push("two take writes");
        }
        if second.reachable && !self.attached(other) {
            found.push("the standby does not follow");
        }
        if second.reachable && second.promoting {
            found.push("the standby is promoted one day, and nobody asks for it");
        }
        self.violations.extend(found.into_iter().map(str::to_owned));
    }
}
