//! No value that stands under a secret's name is left in a masked text, in whichever way it is
//! written there.

use proptest::prelude::*;
use proptest::sample::select;
use render::mask;
use render::mask::is_secret_key;

/// Names whose values are secrets.
const NAMES: &[&str] = &[
    "password",
    "passwords",
    "harbor_admin_password",
    "DB_PASSWORD",
    "secret",
    "secrets",
    "clientSecrets",
    "CORE_SECRET",
    "accesskeysecret",
    "pass",
    "smtp_pass",
    "dbPass",
    "pwd",
    "mysql-pwd",
    "passwd",
    "passphrase",
    "token",
    "tokens",
    "github_token",
    "api_key",
    "api_keys",
    "CSRF_KEY",
    "secretkey",
];

/// Names that only look like them.
const OTHERS: &[&str] = &[
    "password_encryption",
    "proxy_pass",
    "bypass",
    "compass",
    "tokenizer",
    "secretariat",
    "passenger",
    "user",
    "key",
    "session_timeout",
];

#[test]
fn names_are_told_apart() {
    for name in NAMES {
        assert!(is_secret_key(name), "{name}");
    }
    for name in OTHERS {
        assert!(!is_secret_key(name), "{name}");
    }
}

/// Words of a secret, each long and strange enough not to be in the text by chance.
fn words() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[A-Z][a-z0-9]{8}[A-Z]", 1..4)
}

/// What stands between the words where any text can be written.
fn glue() -> impl Strategy<Value = &'static str> {
    select(vec![
        " ", "  ", ": ", " #", "#", "'", "\"", "\\", "\\\\", "\\\"", "''", ", ", "]", "}", "[",
        "{", "=", "@", "/", "-", "- ", "|", "&", "!", "%", "$", "é",
    ])
}

/// The same words as the lines of a text.
fn indented(words: &[String], by: usize) -> String {
    words.iter().map(|w| format!("{}{w}\n", " ".repeat(by))).collect()
}

fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn double(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A list or a map of values, each on its line.
fn items(words: &[String], prefix: &str) -> String {
    words
        .iter()
        .enumerate()
        .map(|(i, w)| format!("{}{w}\n", prefix.replace('@', &i.to_string())))
        .collect()
}

/// YAML that holds the words below a name, in every style.
fn yaml(name: &str, words: &[String], any: &str) -> Vec<String> {
    let (first, joined) = (&words[0], words.join(" "));
    let (single_lines, double_lines) = (single(any).replace(' ', "\n"), words.join("\n  "));
    let mut texts = vec![
        format!("{name}: {first}\n"),
        format!("{name}: {joined} # why\n"),
        format!("{name}:    {first}\n"),
        format!("\"{name}\": {first}\n"),
        format!("{name}: {}\n", single(any)),
        format!("{name}: {}\n", double(any)),
        format!("{name}: &a {}\n", double(any)),
        format!("{name}: !!str {}\n", single(any)),
        format!("{name}: {single_lines}\n"),
        format!("{name}: \"{double_lines}\"\n"),
        format!("{name}: \"{}\"\n", words.join("\\\"\n")),
        format!("{name}: \"{}\\\n  {}\"\n", words[0], words.join("\\\n  ")),
        format!("{name}:\n  \"{double_lines}\"\n"),
        format!("{name}:\n  {first}\n"),
        format!("{name}: {}", indented(words, 2).trim_start()),
        format!("{name}:\n{}", items(words, "- ")),
        format!("{name}:\n{}", items(words, "  - ")),
        format!("{name}:\n{}", items(words, "  key@: ")),
        format!("{name}:\n{}", items(words, "- name: k@\n  value: ")),
        format!("{name}: [{}]\n", words.join(", ")),
        format!("{name}: [\n{}]\n", indented(words, 0).replace('\n', ",\n")),
        format!("{name}: {{a: {}}}\n", words.join(", b: ")),
        format!("{name}: {{a: [{}],\nb: {first}}}\n", words.join(", ")),
        format!("# {name}: {first}\n"),
        format!("# {name}:\n#   {first}\n"),
        format!("- {name}: {first}\n"),
        format!("-   {name}: {}\n", double(any)),
        format!("a: {{{name}: {first}, b: c}}\n"),
        format!("a: {{{name}: {}, b: c}}\n", double(any)),
        format!("a: {{{name}: [{}]}}\n", words.join(", ")),
        format!("a: [{{{name}: [\n{}]}}]\n", indented(words, 4).replace('\n', ",\n")),
        format!("- {name}={joined}\n"),
        format!("- '{name}={joined}'\n"),
        format!("a: https://user:{first}@host.example/x\n"),
        format!("command: curl -u user:{first} https://host.example\n"),
        format!("command: [\"curl\", \"-u\", \"user:{first}\"]\n"),
        format!("command:\n  - curl\n  - -u\n  - user:{first}\n  - --{name}\n  - {first}\n"),
    ];
    for mark in ["|", ">", "|-", ">+", "|2", "|2-", "|+2", ">- # why"] {
        texts.push(format!("{name}: {mark}\n{}", indented(words, 2)));
        texts.push(format!("{name}: {mark}\n\n{}\n{}", indented(words, 2), indented(words, 4)));
        texts.push(format!("- {name}: {mark}\n{}", indented(words, 4)));
        texts.push(format!("# {name}: {mark}\n{}", items(words, "#   ")));
    }
    // At the top, and inside another map.
    let inner = texts.clone();
    texts.extend(inner.iter().map(|text| {
        let lines: String = text.lines().map(|l| format!("  {l}\n")).collect();
        format!("outer:\n{lines}last: x\n")
    }));
    texts
}

fn json(name: &str, words: &[String], any: &str) -> Vec<String> {
    let name = double(name);
    let value = double(any);
    let list: Vec<String> = words.iter().map(|w| double(w)).collect();
    let list = list.join(", ");
    let nested = format!("{{\"a\": {{\"b\": [{list}]}}, \"c\": {value}}}");
    let mut texts = vec![
        format!("{{{name}: {value}}}"),
        format!("{{{name}:{value},\"b\":1}}"),
        format!("{{{name} :\n  {value}\n}}"),
        format!("{{{name}: [{list}]}}"),
        format!("{{{name}: {nested}, \"z\": 1}}"),
        format!("[{{\"x\": {{{name}: {nested}}}}}]"),
        format!("{{\"env\": [\"{}={}\"]}}", name.trim_matches('"'), words[0]),
        format!("{{\"args\": [\"-u\", \"user:{}\"]}}", words[0]),
        format!("{{\"args\": [\"--password\", \"{}\"]}}", words[0]),
    ];
    let pretty: Vec<String> = texts
        .iter()
        .filter_map(|t| serde_json::from_str::<serde_json::Value>(t).ok())
        .filter_map(|v| serde_json::to_string_pretty(&v).ok())
        .collect();
    texts.extend(pretty);
    texts
}

/// Environment files, units, scripts.
fn plain(name: &str, words: &[String]) -> Vec<String> {
    let (first, joined) = (&words[0], words.join(" "));
    vec![
        format!("{name}={first}\n"),
        format!("{name} = {joined}\n"),
        format!("export {name}='{joined}'\n"),
        format!("Environment=\"A=b\" \"{name}={joined}\" \"C=d\"\n"),
        format!("{name}: {joined}\n"),
        format!("tool --{name} {first} --verbose\n"),
        format!("tool --{name} '{joined}' --verbose\n"),
        format!("tool --{name}={first} --verbose\n"),
        format!("curl -u admin:{first} https://host.example\n"),
        format!("curl -uadmin:{first} https://host.example\n"),
        format!("curl -u 'admin:{joined}' https://host.example\n"),
        format!("curl --user \"admin:{joined}\" https://host.example\n"),
        format!("curl --user=admin:{first}\n"),
        format!("curl --proxy-user admin:{first}\n"),
        format!("curl https://admin:{first}@host.example/a?b=c\n"),
        format!("redis://:{first}@10.0.1.30:6379/0\n"),
    ]
}

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, cases: 200, ..ProptestConfig::default() }
}

fn left(path: &str, text: &str, words: &[String]) -> Result<(), TestCaseError> {
    let masked = mask(path, text);
    for word in words {
        prop_assert!(!masked.contains(word.as_str()), "{path}:\n{text}\nmasked:\n{masked}");
    }
    prop_assert_eq!(masked.lines().count(), text.lines().count(), "{}", path);
    prop_assert_eq!(mask(path, &masked), masked, "{}: twice", path);
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_secret_is_left(name in select(NAMES), words in words(), glue in glue()) {
        let any = words.join(glue);
        for text in yaml(name, &words, &any) {
            left("/opt/harbor/harbor.yml", &text, &words)?;
        }
        for text in json(name, &words, &any) {
            left("/etc/docker/daemon.json", &text, &words)?;
        }
        for path in ["/etc/default/x", "x.env", "x.conf", "x.service", "x.sh", "x.yml"] {
            for text in plain(name, &words) {
                left(path, &text, &words)?;
            }
        }
    }

    /// A name that is no secret's hides nothing.
    #[test]
    fn nothing_else_is_hidden(name in select(OTHERS), words in words()) {
        for (path, text) in [
            ("x.yml", format!("{name}: {}\nnext: {}\n", words[0], words.join(" "))),
            ("x.yml", format!("a: {{{name}: [{}], b: c}}\n", words.join(", "))),
            ("x.json", format!("{{\"{name}\": {{\"b\": {:?}}}}}\n", words.join(" "))),
            ("x.env", format!("{name}={}\n", words.join(" "))),
            ("x.sh", format!("tool --{name} {}\n", words.join(" "))),
            ("x.sh", "docker run -u 10000:10000 image\n".to_owned()),
        ] {
            prop_assert_eq!(mask(path, &text), text);
        }
    }
}
