use super::*;
use crate::schema::computed;
use crate::secret::Secret;
use crate::settings::Settings;

crate::settings! {
    /// A user.
    pub struct User {
        /// Its name.
        name: String = crate::schema::attr(),
        /// Never stored.
        key_wo: Option<Secret> = crate::schema::attr().write_only(),
    }

    /// Users.
    pub struct Users {
        /// In a list.
        list: Option<Vec<User>> = crate::schema::attr(),
        /// In a map.
        map: Option<std::collections::BTreeMap<String, User>> = crate::schema::attr(),
        /// Alone.
        one: Option<User> = crate::schema::attr(),
        /// Never stored.
        key_wo: Option<Secret> = crate::schema::attr().write_only(),
    }
}

fn users() -> Object {
    let user = Value::Map(Object::from([
        ("name".to_owned(), "u".into()),
        ("key_wo".to_owned(), "a-very-secret-key".into()),
    ]));
    Object::from([
        ("list".to_owned(), Value::List(vec![user.clone()])),
        ("map".to_owned(), Value::Map(Object::from([("m".to_owned(), user.clone())]))),
        ("one".to_owned(), user),
        ("key_wo".to_owned(), "a-very-secret-key".into()),
    ])
}

#[test]
fn write_only_values_go_out_as_null_at_every_depth() {
    let attributes = Users::attributes();
    let sent = encode(&attributes, Some(users())).unwrap();
    let back = decode(&attributes, Some(&sent)).unwrap().unwrap();
    assert_eq!(back["one"].get("name").as_str(), Some("u"));
    assert!(!format!("{back:?}").contains("a-very-secret-key"), "{back:?}");
}

#[test]
fn what_a_host_said_goes_out_as_it_may_be_shown_and_what_the_user_wrote_as_it_is() {
    let esc = || Value::from("\x1b[2J\u{202e}");
    let mut attributes = User::attributes();
    attributes.extend(computed(User::attributes()).into_iter().map(|a| {
        let kind = Kind::Map(Box::new(Kind::List(Box::new(Kind::String))));
        Attribute { name: format!("said_{}", a.name), kind, ..a }
    }));
    let said = Value::Map(Object::from([("\x07".to_owned(), Value::List(vec![esc()]))]));
    let object = Object::from([("name".to_owned(), esc()), ("said_name".to_owned(), said)]);
    let sent = encode(&attributes, Some(object)).unwrap();
    let back = decode(&attributes, Some(&sent)).unwrap().unwrap();
    assert_eq!(back["name"], esc(), "Terraform refuses another value than the configuration's");
    let shown = Value::List(vec!["\\u{1b}[2J\\u{202e}".into()]);
    assert_eq!(back["said_name"], Object::from([("\\u{7}".to_owned(), shown)]).into());
}

#[test]
fn hosts_without_write_only_attributes_are_refused_at_each() {
    let diags = refuse_write_only(&Users::attributes(), &users());
    let paths: Vec<_> = diags.iter().map(|d| d.path.to_string()).collect();
    assert_eq!(paths, ["list[0].key_wo", "map[\"m\"].key_wo", "one.key_wo", "key_wo"]);
    assert_eq!(refuse_write_only(&Users::attributes(), &Object::new()), []);
}

#[test]
fn secrets_of_a_configuration_are_masked_from_then_on() {
    let attributes = Users::attributes();
    let msgpack = msgpack::encode_object(&attributes, Some(&users())).unwrap();
    let sent = DynamicValue { msgpack, json: Vec::new() };
    decode_config(&attributes, Some(&sent)).unwrap();
    assert_eq!(mask::masked("it is a-very-secret-key."), "it is [REDACTED].");
}

#[test]
fn json_is_read_as_well_as_msgpack() {
    let attributes = User::attributes();
    let json = DynamicValue { msgpack: Vec::new(), json: br#"{"name":"u"}"#.to_vec() };
    let object = decode(&attributes, Some(&json)).unwrap().unwrap();
    assert_eq!((object["name"].as_str(), &object["key_wo"]), (Some("u"), &Value::Null));
    let null = DynamicValue { msgpack: Vec::new(), json: b"null".to_vec() };
    assert_eq!(decode(&attributes, Some(&null)).unwrap(), None);
}

#[test]
fn nothing_unknown_is_kept() {
    let object = Object::from([
        ("a".to_owned(), Value::List(vec![Value::Unknown, "x".into()])),
        ("b".to_owned(), Value::Unknown),
    ]);
    let kept = known_part(object);
    assert!(kept.values().all(Value::is_known));
    assert_eq!(kept["a"], Value::List(vec![Value::Null, "x".into()]));
}
