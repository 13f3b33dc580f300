//! Values in the wire format of Terraform's type system: msgpack, read and written strictly by the
//! schema, so that an attribute too many or of another type is found here, with its path, and not
//! by the host without one.

use rmp::Marker;
use rmp::decode::{self, NumValueReadError, ValueReadError};
use rmp::encode;

use crate::diag::{Diag, Path};
use crate::schema::{Attribute, Kind};
use crate::value::{Object, Value};

/// Beyond this a float cannot hold every whole number.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Read an object; none where the whole is null.
pub fn decode_object(attributes: &[Attribute], bytes: &[u8]) -> Result<Option<Object>, Diag> {
    let mut input = bytes;
    if is_null(input) {
        return Ok(None);
    }
    object(attributes, &mut input, &Path::root()).map(Some)
}

/// Read one value of a type.
pub fn decode_value(kind: &Kind, bytes: &[u8]) -> Result<Value, Diag> {
    let mut input = bytes;
    value(kind, &mut input, &Path::root())
}

/// Write an object with exactly the attributes of the schema; null where there is none.
pub fn encode_object(attributes: &[Attribute], object: Option<&Object>) -> Result<Vec<u8>, Diag> {
    let mut out = Vec::new();
    match object {
        Some(object) => write_object(attributes, object, &Path::root(), &mut out)?,
        None => write_nil(&mut out),
    }
    Ok(out)
}

/// Write one value of a type.
pub fn encode_value(kind: &Kind, value: &Value) -> Result<Vec<u8>, Diag> {
    let mut out = Vec::new();
    write_value(kind, value, &Path::root(), &mut out)?;
    Ok(out)
}

fn unreadable(path: &Path, why: impl std::fmt::Display) -> Diag {
    let detail = format!("The value sent by Terraform cannot be read: {why}.");
    Diag::error("Unreadable value", detail).at(path.clone())
}

fn is_null(input: &[u8]) -> bool {
    input.first().is_none_or(|b| Marker::from_u8(*b) == Marker::Null)
}

fn value(kind: &Kind, input: &mut &[u8], path: &Path) -> Result<Value, Diag> {
    let marker = input.first().map(|b| Marker::from_u8(*b));
    let marker = marker.ok_or_else(|| unreadable(path, "it ends too early"))?;
    match (marker, kind) {
        (Marker::Null, _) => {
            *input = &input[1..];
            Ok(Value::Null)
        }
        (
            Marker::FixExt1
            | Marker::FixExt2
            | Marker::FixExt4
            | Marker::FixExt8
            | Marker::FixExt16
            | Marker::Ext8
            | Marker::Ext16
            | Marker::Ext32,
            _,
        ) => unknown(input, path),
        (_, Kind::Bool) => {
            decode::read_bool(input).map(Value::Bool).map_err(|e| unreadable(path, e))
        }
        (_, Kind::String) => text(input, path).map(|s| Value::String(s.to_owned())),
        (_, Kind::Int | Kind::Float) => number(kind, marker, input, path),
        (_, Kind::List(item) | Kind::Set(item)) => list(item, input, path),
        (_, Kind::Map(item)) => map(item, input, path),
        (_, Kind::Object(attributes)) => object(attributes, input, path).map(Value::Map),
    }
}

/// An unknown value is an extension. A later host may say more of it in a refined one, which
/// means the same to us: whatever the extension, the value is not known.
fn unknown(input: &mut &[u8], path: &Path) -> Result<Value, Diag> {
    let meta = decode::read_ext_meta(input).map_err(|e| unreadable(path, e))?;
    *input = input
        .get(meta.size as usize..)
        .ok_or_else(|| unreadable(path, "its extension ends too early"))?;
    Ok(Value::Unknown)
}

fn text<'a>(input: &mut &'a [u8], path: &Path) -> Result<&'a str, Diag> {
    let (text, rest) = decode::read_str_from_slice(*input).map_err(|e| unreadable(path, e))?;
    *input = rest;
    Ok(text)
}

/// A number may come as an integer, a float or, where neither is exact, as decimal text.
fn number(kind: &Kind, marker: Marker, input: &mut &[u8], path: &Path) -> Result<Value, Diag> {
    let float = match marker {
        Marker::F32 => f64::from(decode::read_f32(input).map_err(|e| unreadable(path, e))?),
        Marker::F64 => decode::read_f64(input).map_err(|e| unreadable(path, e))?,
        Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
            return decimal(kind, text(input, path)?, path);
        }
        Marker::U64 => {
            let wide = decode::read_u64(input).map_err(|e| unreadable(path, e))?;
            return decimal(kind, &wide.to_string(), path);
        }
        _ => {
            let int: i64 = decode::read_int(input)
                .map_err(|e: NumValueReadError<std::io::Error>| unreadable(path, e))?;
            return Ok(whole(kind, int));
        }
    };
    decimal(kind, &float.to_string(), path)
}

fn decimal(kind: &Kind, text: &str, path: &Path) -> Result<Value, Diag> {
    match (kind, text.parse::<i64>(), text.parse::<f64>()) {
        (_, Ok(int), _) => Ok(whole(kind, int)),
        (Kind::Float, _, Ok(float)) if float.is_finite() => Ok(Value::Float(float)),
        (Kind::Int, ..) => {
            let detail = format!("{path} is {text}; it must be a whole number of 64 bits.");
            Err(Diag::error("Not a whole number", detail).at(path.clone()))
        }
        _ => Err(unreadable(path, format!("\"{text}\" is not a number"))),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a float attribute has the precision of a float")]
fn whole(kind: &Kind, int: i64) -> Value {
    if *kind == Kind::Float { Value::Float(int as f64) } else { Value::Int(int) }
}

fn list(item: &Kind, input: &mut &[u8], path: &Path) -> Result<Value, Diag> {
    let len = decode::read_array_len(input).map_err(|e: ValueReadError| unreadable(path, e))?;
    let items = (0..len as usize).map(|i| value(item, input, &path.index(i)));
    items.collect::<Result<_, _>>().map(Value::List)
}

fn map(item: &Kind, input: &mut &[u8], path: &Path) -> Result<Value, Diag> {
    let len = decode::read_map_len(input).map_err(|e: ValueReadError| unreadable(path, e))?;
    let mut map = Object::new();
    for _ in 0..len {
        let key = text(input, path)?;
        map.insert(key.to_owned(), value(item, input, &path.key(key))?);
    }
    Ok(Value::Map(map))
}

/// Every attribute of the schema is there afterwards, as null where the host left it out.
fn object(attributes: &[Attribute], input: &mut &[u8], path: &Path) -> Result<Object, Diag> {
    let len = decode::read_map_len(input).map_err(|e: ValueReadError| unreadable(path, e))?;
    let mut object: Object = attributes.iter().map(|a| (a.name.clone(), Value::Null)).collect();
    for _ in 0..len {
        let name = text(input, path)?;
        let at = path.attribute(name);
        let attribute = attributes.iter().find(|a| a.name == name);
        let attribute = attribute.ok_or_else(|| unreadable(&at, "the schema has no such name"))?;
        object.insert(name.to_owned(), value(&attribute.kind, input, &at)?);
    }
    Ok(object)
}

fn unfit(path: &Path, want: &str) -> Diag {
    let detail = format!(
        "The provider made a value of {path} that its own schema does not allow: it must be \
         {want}. This is a bug of the provider."
    );
    Diag::error("Value outside the schema", detail).at(path.clone())
}

fn write_value(kind: &Kind, value: &Value, path: &Path, out: &mut Vec<u8>) -> Result<(), Diag> {
    match (kind, value) {
        (_, Value::Null) => write_nil(out),
        // The host's own encoding of unknown: extension 0 with one byte that is ignored.
        (_, Value::Unknown) => out.extend_from_slice(&[0xd4, 0, 0]),
        (Kind::Bool, Value::Bool(b)) => put(encode::write_bool(out, *b)),
        (Kind::String, Value::String(s)) => put(encode::write_str(out, s)),
        (Kind::Int | Kind::Float, Value::Int(i)) => put(encode::write_sint(out, *i)),
        (Kind::Float, Value::Float(f)) if f.is_finite() => write_float(*f, out),
        (Kind::List(item) | Kind::Set(item), Value::List(items)) => {
            put(encode::write_array_len(out, length(items.len(), path)?));
            for (i, v) in items.iter().enumerate() {
                write_value(item, v, &path.index(i), out)?;
            }
        }
        (Kind::Map(item), Value::Map(map)) => {
            put(encode::write_map_len(out, length(map.len(), path)?));
            for (key, v) in map {
                put(encode::write_str(out, key));
                write_value(item, v, &path.key(key), out)?;
            }
        }
        (Kind::Object(inner), Value::Map(map)) => write_object(inner, map, path, out)?,
        _ => return Err(unfit(path, name(kind))),
    }
    Ok(())
}

fn write_object(
    attributes: &[Attribute],
    object: &Object,
    path: &Path,
    out: &mut Vec<u8>,
) -> Result<(), Diag> {
    if let Some(name) = object.keys().find(|k| !attributes.iter().any(|a| a.name == **k)) {
        return Err(unfit(&path.attribute(name), "absent, as no attribute has this name"));
    }
    put(encode::write_map_len(out, length(attributes.len(), path)?));
    for attribute in attributes {
        put(encode::write_str(out, &attribute.name));
        let value = object.get(&attribute.name).filter(|v| !v.is_null());
        let value = value.unwrap_or(absent(attribute));
        write_value(&attribute.kind, value, &path.attribute(&attribute.name), out)?;
    }
    Ok(())
}

/// What stands for an attribute that is not there: blocks that are not there are none of them.
fn absent(attribute: &Attribute) -> &'static Value {
    const NO_BLOCKS: &Value = &Value::List(Vec::new());
    let blocks = attribute.block.is_some() && !matches!(attribute.kind, Kind::Object(_));
    if blocks { NO_BLOCKS } else { &Value::Null }
}

/// Text, because the host compares numbers exactly: 0.1 in a configuration is one tenth there,
/// which no float is. Whole numbers go as integers.
fn write_float(float: f64, out: &mut Vec<u8>) {
    #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
    if float.fract() == 0.0 && float.abs() < EXACT {
        put(encode::write_sint(out, float as i64));
    } else {
        put(encode::write_str(out, &float.to_string()));
    }
}

fn write_nil(out: &mut Vec<u8>) {
    put(encode::write_nil(out));
}

/// Writing to memory cannot fail.
#[expect(clippy::needless_pass_by_value, reason = "stands around the call whose result it takes")]
fn put<T, E>(written: Result<T, E>) {
    debug_assert!(written.is_ok(), "memory can be written to");
}

fn length(len: usize, path: &Path) -> Result<u32, Diag> {
    u32::try_from(len).map_err(|_| unfit(path, "shorter than 2^32 items"))
}

fn name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Bool => "true or false",
        Kind::Int => "a whole number",
        Kind::Float => "a number",
        Kind::String => "a string",
        Kind::List(_) => "a list",
        Kind::Set(_) => "a set",
        Kind::Map(_) => "a map",
        Kind::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
