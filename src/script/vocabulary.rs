//! The vocabulary: every function that scripts can call, with its help, in one module that all engines share.

use std::any::TypeId;

use rhai::{Array, Dynamic, FnNamespace, FuncRegistration, Map, Module, RhaiNativeFunc, Shared};

use super::{functions, index, operators, records};
use crate::model::Area;
use crate::options::Opt;

/// What help knows about a verb or property that is not a record.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// Where it stands in the reference.
    pub area: Area,
    /// How it is called, one line for each form.
    pub usage: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// A short script that runs as it stands.
    pub example: &'static str,
    /// Whether it is a property: `x.name` without parentheses.
    pub is_property: bool,
    /// The keys of its options map.
    pub options: &'static [Opt],
}

/// One argument list of a name, as it is registered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signature {
    /// The name.
    pub name: &'static str,
    /// Whether it is read as a property.
    pub is_property: bool,
    /// How many arguments it takes; what stands before the point is one.
    pub count: usize,
    /// The type of the first one, if there is one.
    pub first: Option<TypeId>,
    /// The type of what it gives.
    pub gives: TypeId,
}

/// All functions and what help knows about them.
#[derive(Debug)]
pub struct Vocabulary {
    /// The functions.
    pub module: Shared<Module>,
    /// Help, in order of definition.
    pub entries: Vec<Entry>,
    /// The argument lists, in order of definition.
    pub(super) signatures: Vec<Signature>,
}

/// Collects functions; `functions/` is written in terms of it.
pub struct Builder {
    module: Module,
    entries: Vec<Entry>,
    signatures: Vec<Signature>,
    area: Area,
}

/// A name that is being defined, for one argument list after another.
pub struct Definition<'a> {
    module: &'a mut Module,
    signatures: &'a mut Vec<Signature>,
    entry: Option<&'a mut Entry>,
    name: &'static str,
}

impl Builder {
    /// What follows belongs to this area of the reference.
    pub fn area(&mut self, area: Area) {
        self.area = area;
    }

    /// A verb: a function or method.
    pub fn verb(
        &mut self,
        name: &'static str,
        usage: &'static str,
        summary: &'static str,
        example: &'static str,
    ) -> Definition<'_> {
        self.define(Entry { name, area: self.area, usage, summary, example, is_property: false, options: &[] })
    }

    /// A property: `x.name`.
    pub fn property(
        &mut self,
        name: &'static str,
        usage: &'static str,
        summary: &'static str,
        example: &'static str,
    ) -> Definition<'_> {
        self.define(Entry { name, area: self.area, usage, summary, example, is_property: true, options: &[] })
    }

    fn define(&mut self, entry: Entry) -> Definition<'_> {
        let name = entry.name;
        self.entries.push(entry);
        let Self { module, entries, signatures, .. } = self;
        Definition { module, signatures, entry: entries.last_mut(), name }
    }

    /// More argument lists for a name that has its help elsewhere.
    pub fn extend(&mut self, name: &'static str) -> Definition<'_> {
        Definition { module: &mut self.module, signatures: &mut self.signatures, entry: None, name }
    }

    /// The module, for what has no name: operators and indexers.
    pub fn module(&mut self) -> &mut Module {
        &mut self.module
    }
}

fn verb(name: &'static str) -> FuncRegistration {
    // Nothing changes its receiver unless it says so by an indexer or setter, so constants may be receivers too.
    FuncRegistration::new(name).with_namespace(FnNamespace::Global).with_purity(true)
}

fn getter(name: &'static str) -> FuncRegistration {
    FuncRegistration::new_getter(name).with_namespace(FnNamespace::Global).with_purity(true)
}

impl Definition<'_> {
    /// The keys of the verb's options map, for help, completion and `sinew check`.
    pub fn options(mut self, options: &'static [Opt]) -> Self {
        if let Some(entry) = &mut self.entry {
            entry.options = options;
        }
        self
    }

    /// One more argument list that the verb takes.
    pub fn on<A: 'static, const N: usize, const X: bool, R: Clone + Send + Sync + 'static, const F: bool>(
        self,
        function: impl RhaiNativeFunc<A, N, X, R, F> + Send + Sync + 'static,
    ) -> Self {
        let first = verb(self.name).set_into_module(self.module, function).param_types.first().copied();
        self.noted(false, N, first, TypeId::of::<R>())
    }

    /// One more type that has the property.
    pub fn get<A: 'static, const X: bool, R: Clone + Send + Sync + 'static, const F: bool>(
        self,
        function: impl RhaiNativeFunc<A, 1, X, R, F> + Send + Sync + 'static,
    ) -> Self {
        let first = getter(self.name).set_into_module(self.module, function).param_types.first().copied();
        self.noted(true, 1, first, TypeId::of::<R>())
    }

    /// Notes the types of what was registered.
    fn noted(self, is_property: bool, count: usize, first: Option<TypeId>, gives: TypeId) -> Self {
        self.signatures.push(Signature { name: self.name, is_property, count, first, gives });
        self
    }
}

/// `on` and `get` for functions that give Rhai's own values. Those can be sent between threads in some builds only (a
/// host may turn `rhai/sync` on without this crate knowing), and Rhai keeps the trait that says so to itself: a generic
/// function cannot name it, one for each concrete type need not.
macro_rules! rhai_results {
    ($($on:ident, $get:ident, $type:ty;)*) => {
        impl Definition<'_> { $(
            /// One more argument list that the verb takes.
            pub fn $on<A: 'static, const N: usize, const X: bool, const F: bool>(
                self,
                function: impl RhaiNativeFunc<A, N, X, $type, F> + Send + Sync + 'static,
            ) -> Self {
                let first = verb(self.name).set_into_module(self.module, function).param_types.first().copied();
                self.noted(false, N, first, TypeId::of::<$type>())
            }

            /// One more type that has the property.
            pub fn $get<A: 'static, const X: bool, const F: bool>(
                self,
                function: impl RhaiNativeFunc<A, 1, X, $type, F> + Send + Sync + 'static,
            ) -> Self {
                let first = getter(self.name).set_into_module(self.module, function).param_types.first().copied();
                self.noted(true, 1, first, TypeId::of::<$type>())
            }
        )* }
    };
}
rhai_results! {
    on_any, get_any, Dynamic;
    on_list, get_list, Array;
    on_map, get_map, Map;
}

fn build() -> Vocabulary {
    let mut builder =
        Builder { module: Module::new(), entries: Vec::new(), signatures: Vec::new(), area: Area::Construct };
    functions::define(&mut builder);
    operators::define(&mut builder);
    index::define(&mut builder);
    records::define(&mut builder);
    let Builder { mut module, entries, signatures, .. } = builder;
    module.build_index();
    Vocabulary { module: module.into(), entries, signatures }
}

/// The vocabulary; built once (once a thread, where Rhai's types cannot be shared between threads).
pub fn vocabulary() -> Shared<Vocabulary> {
    built()
}

made_once! {
    /// The vocabulary.
    fn built() -> Shared<Vocabulary> { Shared::new(build()) }
}
