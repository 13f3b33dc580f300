//! A resource under the lifecycle: its attributes, and its settings from an object.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use super::configuration;
use super::private::{self, Private};
use crate::diag::{Diags, Path};
use crate::observation::Observation;
use crate::plan::Plan;
use crate::resource::Resource;
use crate::schema::{Attribute, Kind, computed};
use crate::settings::Settings;
use crate::value::{Object, Value};

crate::settings! {
    /// Limits for the whole of an operation, such as `45m`. A step that runs is never cut; the
    /// operation stops before the next one, and the next apply goes on from there.
    struct Timeouts {
        /// Limit for creating; `2h` if not set.
        create: Option<String> = attr().check(configuration::is_duration).on_change(OnChange::Provider),
        /// Limit for changing; `2h` if not set.
        update: Option<String> = attr().check(configuration::is_duration).on_change(OnChange::Provider),
        /// Limit for destroying; `2h` if not set.
        delete: Option<String> = attr().check(configuration::is_duration).on_change(OnChange::Provider),
    }

    /// What every resource has beside its own attributes.
    struct Shared {
        /// Limits for the whole of an operation, such as `45m`. A step that runs is never cut; the
        /// next apply goes on from where it stopped.
        timeouts: Option<Timeouts> = attr().on_change(OnChange::Provider),
    }
}

/// A resource of type `R` under the lifecycle.
pub struct Managed<R>(PhantomData<R>);

impl<R: Resource> Managed<R> {
    pub(super) const fn new() -> Self {
        Self(PhantomData)
    }

    pub(super) fn attributes() -> Vec<Attribute> {
        let mut attributes = vec![given("id", "Identity of the resource.", Kind::String)];
        attributes.extend(R::Settings::attributes());
        attributes.extend(Shared::attributes());
        let texts = || Kind::Map(Box::new(Kind::String));
        let files = "Texts of the managed files as they are on the hosts, by path, secrets masked. \
                     A plan shows here each line that it will change.";
        let status = "Managed things that are not files (packages, services, settings of a server) \
                      as they are on the hosts.";
        attributes.push(given("files", files, texts()));
        attributes.push(given("status", status, texts()));
        let uid = "Identifies this object's life: made when it is created, and written to its hosts. A \
                   destroy touches only hosts that carry it, so that the delete of an object that was \
                   replaced leaves alone what replaced it; a change of an object whose hosts carry \
                   another's is refused.";
        attributes.push(given(private::UID, uid, Kind::String));
        let keys = "Public host keys that were seen at first contact, by `address:port`; from then on \
                    a host must have them.";
        attributes.push(given(private::HOST_KEYS, keys, texts()));
        attributes.extend(computed(R::Outputs::attributes()));
        attributes
    }

    pub(super) fn settings(object: &Object) -> Result<R::Settings, Diags> {
        R::Settings::from_object(object, &Path::root())
    }
}

fn given(name: &str, description: &str, kind: Kind) -> Attribute {
    let spec = crate::schema::attr();
    let attribute = spec.attribute::<Option<String>>(name, &[description]);
    let [attribute] = <[Attribute; 1]>::try_from(computed(vec![Attribute { kind, ..attribute }]))
        .unwrap_or_else(|_| unreachable!("one attribute in, one out"));
    attribute
}

/// An object with the computed attributes of what is there, as a plan has it.
pub(super) fn with_plan(object: Object, id: &str, plan: &Plan, private: &Private) -> Object {
    let (files, status) = (Plan::actual(&plan.files), Plan::actual(&plan.status));
    with_all(object, id, files, status, private, plan.outputs.clone())
}

/// The same, as a refresh saw it.
pub(super) fn with_observation(
    object: Object,
    id: &str,
    observed: Observation,
    private: &Private,
) -> Object {
    let texts = |named: BTreeMap<String, String>| {
        Value::Map(named.into_iter().map(|(name, text)| (name, text.into())).collect())
    };
    let Observation { files, status, outputs, .. } = observed;
    with_all(object, id, texts(files), texts(status), private, outputs)
}

fn with_all(
    mut object: Object,
    id: &str,
    files: Value,
    status: Value,
    private: &Private,
    outputs: Object,
) -> Object {
    object.insert("id".into(), id.into());
    object.insert("files".into(), files);
    object.insert("status".into(), status);
    object.extend(private.shown());
    object.extend(outputs);
    object
}
