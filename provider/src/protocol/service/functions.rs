//! Calls of functions. Their errors have their own form: a text, and the argument at fault.

use std::sync::Arc;

use super::{Service, unknown};
use crate::backend::{Backend, FunctionError, FunctionSchema, Parameter};
use crate::diag::Diag;
use crate::protocol::tfplugin6::{self as pb, DynamicValue};
use crate::protocol::{mask, msgpack};
use crate::value::Value;

impl<B: Backend> Service<B> {
    pub(super) async fn call(&self, r: pb::CallRequest) -> Result<DynamicValue, pb::FunctionError> {
        let function = self.backend.schemas().functions.iter().find(|f| f.name == r.name);
        let function = function.ok_or_else(|| in_call(None, &unknown("function", &r.name)))?;
        let arguments = arguments(function, &r.arguments)?;
        let (backend, name) = (Arc::clone(&self.backend), r.name);
        let what = format!("calling the function {name}");
        let call = async move { backend.call(&name, arguments).await };
        let result = self.work.run(&what, call).await.map_err(|d| in_call(None, &d))?;
        let result = result.map_err(|e| function_error(&e))?;
        let msgpack =
            msgpack::encode_value(&function.returns, &result).map_err(|d| in_call(None, &d))?;
        Ok(DynamicValue { msgpack, json: Vec::new() })
    }
}

fn arguments(
    function: &FunctionSchema,
    sent: &[DynamicValue],
) -> Result<Vec<Value>, pb::FunctionError> {
    let decode = |(i, (p, v)): (i64, (&Parameter, &DynamicValue))| {
        msgpack::decode_value(&p.kind, &v.msgpack).map_err(|diag| in_call(Some(i), &diag))
    };
    (0..).zip(function.parameters.iter().zip(sent)).map(decode).collect()
}

fn in_call(argument: Option<i64>, diag: &Diag) -> pb::FunctionError {
    let text = format!("{}: {}", diag.summary, diag.detail);
    function_error(&FunctionError { text, argument })
}

fn function_error(error: &FunctionError) -> pb::FunctionError {
    let text = mask::masked(&error.text).into_owned();
    pb::FunctionError { text, function_argument: error.argument }
}
