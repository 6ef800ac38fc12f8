//! Takes out of the wasm what no page ever calls.

use std::{fs, path::Path};

use anyhow::{Context, Result, anyhow};
use walrus::{FunctionBuilder, FunctionId, FunctionKind, Module, ModuleConfig};

/// In the names of functions that hydrate a view bit by bit: they are compiled for every view and used for
/// lazy routes only, which the dashboard does not have. Leptos 0.9 leaves them out itself.
const UNUSED: &str = "13hydrate_async28_$u7b$$u7b$closure$u7d$$u7d$17h";

/// Shorter functions may be shared: the compiler keeps one of several that do the same, under any name.
const SHORT: u64 = 200;

/// Whether functions keep their names, which are for people and for who binds the wasm.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    Kept,
    Removed,
}

/// Replaces the bodies of unused functions by a trap, and removes what only they called.
pub(super) fn file(wasm: &Path, names: Names) -> Result<()> {
    let mut config = ModuleConfig::new();
    config.generate_name_section(names == Names::Kept);
    let mut module = Module::from_file_with_config(wasm, &config)
        .map_err(|error| anyhow!("failed to read {}: {error:#}", wasm.display()))?;
    let unused: Vec<FunctionId> = module
        .funcs
        .iter_local()
        .filter(|(id, local)| {
            let name = module.funcs.get(*id).name.as_deref();
            name.is_some_and(|name| name.contains(UNUSED)) && local.size() > SHORT
        })
        .map(|(id, _)| id)
        .collect();
    for function in unused {
        empty(&mut module, function);
    }
    walrus::passes::gc::run(&mut module);
    fs::write(wasm, module.emit_wasm())
        .with_context(|| format!("failed to write {}", wasm.display()))
}

fn empty(module: &mut Module, function: FunctionId) {
    let FunctionKind::Local(local) = &module.funcs.get(function).kind else {
        return;
    };
    let kind = module.types.get(local.ty());
    let (parameters, results) = (kind.params().to_vec(), kind.results().to_vec());
    let arguments = local.args.clone();
    let mut trap = FunctionBuilder::new(&mut module.types, &parameters, &results);
    trap.func_body().unreachable();
    module.funcs.get_mut(function).kind = FunctionKind::Local(trap.local_func(arguments));
}
