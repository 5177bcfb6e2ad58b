//! Values between a host and its session: variables, calls of functions that scripts defined, copies of a session.

use rhai::{CallFnOptions, Dynamic, FnPtr, Scope};

use super::convert::{to_dynamic, to_value};
use super::diagnose::ScriptError;
use super::parallel::unshared;
use super::session::{Session, guarded};
use super::session_options::SessionOptions;
use crate::error::{Error, Result};
use crate::value::{FromValue, Value};

impl Session {
    /// Sets a variable, also where a script has declared a constant of that name.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.scope.set_or_push(name.to_string(), to_dynamic(&value.into()));
    }

    /// Sets a variable to what serde makes of a value: maps, lists, texts and numbers. A number that JSON has no word for,
    /// such as NaN, becomes `()`.
    ///
    /// # Errors
    /// A value that serde cannot take apart, such as a map whose keys are no texts.
    pub fn set_serde<T: serde::Serialize>(&mut self, name: &str, value: &T) -> Result<()> {
        let json = serde_json::to_value(value).map_err(|error| Error::argument(format!("'{name}': {error}")))?;
        self.set(name, Value::from(json));
        Ok(())
    }

    /// A variable as a type of Rust: one of the engine's ([`Matrix`](crate::Matrix), [`Fit`](crate::model::Fit), ..), a
    /// number, text, list or map, an array of ndarray or faer, or any [`Value`]. Values of the engine share their numbers
    /// with the script: nothing is copied.
    ///
    /// # Errors
    /// No variable of that name, a function, a value of another type.
    pub fn get<T: FromValue>(&self, name: &str) -> Result<T> {
        T::take(self.value_of(name)?, &format!("'{name}'"))
    }

    /// A variable as a type that serde puts together from JSON as [`Value::to_json`] gives it.
    ///
    /// # Errors
    /// As [`Session::get`].
    pub fn get_serde<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T> {
        let json = self.value_of(name)?.to_json();
        serde_json::from_value(json).map_err(|error| Error::argument(format!("'{name}': {error}")))
    }

    fn value_of(&self, name: &str) -> Result<Value> {
        match self.scope.get(name) {
            Some(value) => to_value(value).map_err(|error| error.at(format!("'{name}'"))),
            None => Err(Error::name(format!("there is no variable '{name}'"))
                .with_nearest(name, self.scope.iter_raw().map(|(known, ..)| known))),
        }
    }

    /// Calls a function that a script has defined, or one that a variable holds, and gives its value. Limits hold as for a
    /// script, and a stop that was asked for before is forgotten.
    ///
    /// ```
    /// use sinew::Value;
    /// use sinew::script::Session;
    /// let mut session = Session::sandboxed();
    /// session.eval("fn area(width, height) { width * height } let half = |x| x / 2.0;")?;
    /// assert!(matches!(session.call("area", &[6.into(), 7.into()])?, Value::Int(42)));
    /// assert!(matches!(session.call("half", &[1.0.into()])?, Value::Float(0.5)));
    /// # Ok::<(), sinew::script::ScriptError>(())
    /// ```
    ///
    /// # Errors
    /// No such function, or what goes wrong in it.
    pub fn call(&mut self, name: &str, args: &[Value]) -> std::result::Result<Value, ScriptError> {
        self.cancel.reset();
        self.begin();
        let args: Vec<Dynamic> = args.iter().map(to_dynamic).collect();
        let function = self.scope.get(name).and_then(|value| value.read_lock::<FnPtr>().map(|held| (*held).clone()));
        let outcome = guarded(|| match function {
            Some(function) => function.call::<Dynamic>(&self.engine, &self.functions, args),
            None => {
                // Functions of scripts do not see variables, and this one is to have none either.
                let options = CallFnOptions::new().eval_ast(false);
                self.engine.call_fn_with_options(options, &mut Scope::new(), &self.functions, name, args)
            }
        });
        let value = self.finish(outcome, &format!("call of '{name}'"), "")?;
        Ok(value.and_then(|value| to_value(&value).ok()).unwrap_or(Value::Unit))
    }

    /// A session of its own with the same options, functions, modules and copies of the variables: neither sees what happens
    /// in the other later. Closures have what they captured as it was then. It has a stop of its own, and a seed of its own where the options name none.
    #[must_use]
    pub fn fork(&self) -> Self {
        let mut other = Self::new(SessionOptions { cancel: None, ..self.options.clone() });
        other.functions = self.functions.clone();
        other.origins = self.origins.clone();
        for (name, is_constant, value) in self.scope.iter_raw() {
            // One that holds itself cannot be copied: both sessions have it.
            let value = unshared(value, self.context()).unwrap_or_else(|_| value.clone());
            match is_constant {
                true => other.scope.push_constant_dynamic(name, value),
                false => other.scope.push_dynamic(name, value),
            };
        }
        for (name, module) in &self.imported {
            other.engine.register_static_module(name, module.clone());
        }
        other.imported.clone_from(&self.imported);
        other
    }
}
