//! The cloud's API: create, read, update, delete.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};

use provider::backend::{Schemas, TypeSchema};
use provider::schema::Attribute;
use provider::value::Object;
use serde_json::{Value as Json, json};

use super::catalog::Catalog;
use super::failure::{Failure, Result};
use super::faults::FaultFile;
use super::store::{Attributes, Objects, Store, text};
use super::world::World;
use super::{addresses, assigned, choices, computed, ids, kinds, limits, links};

/// Arguments that the API never gives back: whatever the state has of them stays.
const UNREAD: [&str; 14] = [
    "account_password",
    "dry_run",
    "effective_time",
    "force",
    "force_delete",
    "force_destroy",
    "include_data_disks",
    "kms_encrypted_password",
    "kms_encryption_context",
    "operator_type",
    "password",
    "public_key",
    "timeouts",
    "user_data",
];

/// The cloud, as one provider block sees it.
pub struct Cloud {
    /// The schema file.
    pub catalog: Catalog,
    /// Its form for the protocol layer.
    pub schemas: Schemas,
    store: Store,
    faults: FaultFile,
    /// None: there is the file and no more.
    world: Option<World>,
    attributes: HashMap<String, Vec<Attribute>>,
    region: RwLock<String>,
}

impl Cloud {
    /// The one that the environment names.
    pub fn from_env() -> Self {
        let world = World::from_env();
        let file = world.as_ref().map_or_else(|| PathBuf::from("alicloud.json"), World::store);
        Self::new(Store::from_env(file), world)
    }

    /// One in this file, and in a rig if there is one.
    pub fn new(store: Store, world: Option<World>) -> Self {
        let catalog = Catalog::load();
        let schemas = kinds::schemas(&catalog);
        let by_name = |t: &TypeSchema| (t.name.clone(), t.attributes.clone());
        let attributes = schemas.resources.iter().map(by_name).collect();
        let region =
            std::env::var("ALICLOUD_REGION").unwrap_or_else(|_| choices::REGION.to_owned());
        let (faults, region) = (FaultFile::beside(&store), RwLock::new(region));
        Self { catalog, schemas, store, faults, world, attributes, region }
    }

    /// The region of the provider block.
    pub fn region(&self) -> String {
        self.region.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Works in this region from now on.
    pub fn set_region(&self, region: &str) {
        region.clone_into(&mut self.region.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Attributes and blocks of a resource type.
    pub fn attributes(&self, kind: &str) -> &[Attribute] {
        self.attributes.get(kind).map(Vec::as_slice).unwrap_or_default()
    }

    /// Makes an object of a plan. None where the provider does not find what it has made.
    pub fn create(&self, kind: &str, planned: &Object) -> Result<Option<Attributes>> {
        self.faults.throttle(&self.store, kind)?;
        let (region, attributes) = (self.region(), self.attributes(kind));
        let mut object = self.store.change(|objects| {
            let mut object = computed::fill(kind, attributes, planned, &region, objects)?;
            links::check(objects, kind, &object)?;
            limits::check(objects, kind, &object, &region)?;
            addresses::place(kind, &mut object, objects)?;
            let id = text(&object, "id").to_owned();
            if objects.get(kind, &id).is_some() {
                let what = format!("The specified resource already exists: {id}.");
                return Err(Failure::new("EntityAlreadyExists", what));
            }
            objects.put(kind, &id, object.clone());
            Ok(object)
        })?;
        self.faults.dawdle(kind)?;
        if let Err(why) = self.make_real(kind, &mut object) {
            let id = text(&object, "id").to_owned();
            self.store.change(|objects| {
                objects.remove(kind, &id);
                Ok(())
            })?;
            return Err(why);
        }
        Ok((!self.faults.is_missing(&self.store, kind)?).then_some(object))
    }

    fn make_real(&self, kind: &str, object: &mut Attributes) -> Result<()> {
        let Some(world) = &self.world else { return Ok(()) };
        let made = world.create(kind, object, &self.store.load()?, &self.faults)?;
        if !made.is_empty() {
            object.extend(made);
            self.store.change(|objects| {
                objects.put(kind, text(object, "id"), object.clone());
                Ok(())
            })?;
        }
        world.follow(kind, &self.store)
    }

    /// An object as the API tells it, beside what the state knows alone.
    pub fn read(&self, kind: &str, state: &Object) -> Result<Option<Json>> {
        self.faults.throttle(&self.store, kind)?;
        let id = state.get("id").and_then(provider::value::Value::as_str).unwrap_or_default();
        let Some(mut object) = self.store.load()?.get(kind, id).cloned() else { return Ok(None) };
        if kind == "alicloud_instance" {
            self.replace_disk(kind, &mut object)?;
        }
        if self.world.as_ref().is_some_and(|world| !world.observe(kind, &mut object)) {
            return Ok(None);
        }
        let known = kinds::object(self.attributes(kind), state);
        for a in self.attributes(kind) {
            if a.sensitive && !is_made_by_the_cloud(a) || UNREAD.contains(&a.name.as_str()) {
                object.insert(a.name.clone(), known[&a.name].clone());
            }
        }
        limits::forget(kind, &mut object);
        Ok(Some(Json::Object(object)))
    }

    /// Somebody replaces the disk of an instance, if that fault is on.
    fn replace_disk(&self, kind: &str, object: &mut Attributes) -> Result<()> {
        let (id, name) = (text(object, "id").to_owned(), text(object, "instance_name").to_owned());
        if !self.faults.is_disk_replaced(&self.store, &id, &name)? {
            return Ok(());
        }
        object.insert("system_disk_id".to_owned(), ids::tagged("d").into());
        if let Some(world) = &self.world {
            world.replace_disk(object)?;
        }
        self.store.change(|objects| {
            objects.put(kind, &id, object.clone());
            Ok(())
        })
    }

    /// Changes an object as planned.
    pub fn update(&self, kind: &str, config: &Object, planned: &Object) -> Result<Attributes> {
        self.faults.throttle(&self.store, kind)?;
        let (before, object) = self.store.change(|objects| {
            let mut object = computed::changed(self.attributes(kind), planned);
            computed::same_names_as_given(&mut object, config);
            links::check(objects, kind, &object)?;
            addresses::place(kind, &mut object, objects)?;
            let id = text(&object, "id").to_owned();
            let before = objects.get(kind, &id).cloned().ok_or_else(|| not_found(kind, &id))?;
            follow(kind, &before, &mut object);
            objects.put(kind, &id, object.clone());
            Ok((before, object))
        })?;
        let Some(world) = &self.world else { return Ok(object) };
        let objects = self.store.load()?;
        let changed = world.update(kind, &before, &object, &objects, &self.faults);
        if let Err(why) = changed {
            self.store.change(|objects| {
                objects.put(kind, text(&object, "id"), before);
                Ok(())
            })?;
            return Err(why);
        }
        world.follow(kind, &self.store)?;
        Ok(object)
    }

    /// Deletes an object; one that is gone is as good.
    pub fn delete(&self, kind: &str, id: &str) -> Result<()> {
        self.faults.throttle(&self.store, kind)?;
        let objects = self.store.load()?;
        let Some(object) = objects.get(kind, id) else { return Ok(()) };
        if limits::is_prepaid(object) {
            return Ok(());
        }
        limits::check_protection(kind, object)?;
        links::check_unused(&objects, kind, id)?;
        if let Some(world) = &self.world {
            world.delete(kind, object, &objects)?;
        }
        self.store.change(|objects| {
            objects.remove(kind, id);
            Ok(())
        })?;
        match &self.world {
            Some(world) => world.deleted(kind, object, &self.store),
            None => Ok(()),
        }
    }

    /// All objects.
    pub fn objects(&self) -> Result<Objects> {
        self.store.load()
    }
}

fn is_made_by_the_cloud(a: &Attribute) -> bool {
    a.presence == provider::schema::Presence::Computed
}

fn not_found(kind: &str, id: &str) -> Failure {
    Failure::new("ResourceNotFound", format!("The {kind} {id} does not exist."))
}

/// What changes with a change, though no plan says so.
fn follow(kind: &str, before: &Attributes, object: &mut Attributes) {
    let own = before.iter().filter(|(name, _)| name.starts_with('_'));
    object.extend(own.map(|(name, value)| (name.clone(), value.clone())));
    let changed = |name: &str, object: &Attributes| before.get(name) != object.get(name);
    if kind != "alicloud_instance" {
        return;
    }
    if changed("image_id", object) {
        // The system disk is replaced in place: everything else of the instance stays.
        object.insert("system_disk_id".to_owned(), ids::tagged("d").into());
        let name = assigned::os_name(text(object, "image_id")).to_owned();
        object.insert("os_name".to_owned(), name.into());
    }
    if changed("instance_type", object) {
        let kind = text(object, "instance_type").to_owned();
        let found = choices::INSTANCE_TYPES.iter().find(|(name, ..)| *name == kind);
        if let Some((_, cpu, memory)) = found {
            object.insert("cpu".to_owned(), json!(cpu));
            object.insert("memory".to_owned(), json!(memory * 1024.0));
        }
    }
}
