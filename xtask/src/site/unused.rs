//! Takes out of the program what no page ever calls.
//!
//! This is done before it is split, so that what only that needed is left out of every part, too.

use std::{collections::HashMap, ops::Range};

use anyhow::{Context, Result, ensure};
use wasm_encoder::{CustomSection, Encode, Module, RawSection};
use wasmparser::{KnownCustom, Name, Parser, Payload, RelocAddendKind, RelocationEntry, TypeRef};

/// In the names of functions that hydrate a view bit by bit: they are compiled for every view and used for
/// lazy routes only, which the dashboard does not have. Leptos 0.9 leaves them out itself.
const UNUSED: &str = "13hydrate_async17h";

/// Shorter functions may be shared: the compiler keeps one of several that do the same, under any name.
const SHORT: usize = 40;

/// A body that traps: no locals, and an instruction that must not be reached.
const TRAP: [u8; 2] = [0x00, 0x00];
const NOP: u8 = 0x01;
const END: u8 = 0x0b;

/// Replaces the bodies of unused functions by a trap, and forgets what they needed.
///
/// The program must have been linked with its relocations: they say which function needs which.
pub(super) fn leave_out(wasm: &[u8]) -> Result<Vec<u8>> {
    let program = Program::read(wasm).context("failed to read the program")?;
    let unused = program.unused();
    ensure!(
        !unused.is_empty(),
        "no function has {UNUSED} in its name: either names are made differently now, or Leptos leaves these \
         functions out itself and this step can go"
    );
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        let Some((id, range)) = payload.as_section() else {
            continue;
        };
        let mut data = wasm[range.clone()].to_vec();
        match payload {
            Payload::CodeSectionStart { .. } => {
                for body in &unused {
                    trap(&mut data[body.start - range.start..body.end - range.start]);
                }
            }
            Payload::CustomSection(section) if section.name() == RELOCATIONS => {
                let data = program.relocations_without(&unused).into();
                module.section(&CustomSection {
                    name: RELOCATIONS.into(),
                    data,
                });
                continue;
            }
            _ => {}
        }
        module.section(&RawSection { id, data: &data });
    }
    Ok(module.finish())
}

/// The relocations of the functions' bodies.
const RELOCATIONS: &str = "reloc.CODE";

#[derive(Default)]
struct Program<'a> {
    /// Functions that are not here have the first numbers.
    n_imported: usize,
    names: HashMap<usize, &'a str>,
    /// Where the bodies are in the file.
    bodies: Vec<Range<usize>>,
    /// Where the code begins, from which relocations count.
    code: usize,
    /// The number of the section that has the code.
    section: u32,
    relocations: Vec<RelocationEntry>,
}

impl<'a> Program<'a> {
    fn read(wasm: &'a [u8]) -> Result<Self> {
        let mut program = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let is_function = matches!(import?.ty, TypeRef::Func(_));
                        program.n_imported += usize::from(is_function);
                    }
                }
                Payload::CodeSectionStart { range, .. } => program.code = range.start,
                Payload::CodeSectionEntry(body) => program.bodies.push(body.range()),
                Payload::CustomSection(section) => match section.as_known() {
                    KnownCustom::Name(names) => program.read_names(names)?,
                    KnownCustom::Reloc(relocations) if section.name() == RELOCATIONS => {
                        program.section = relocations.section_index();
                        for relocation in relocations.entries() {
                            program.relocations.push(relocation?);
                        }
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        Ok(program)
    }

    fn read_names(&mut self, names: wasmparser::NameSectionReader<'a>) -> Result<()> {
        for name in names {
            if let Name::Function(names) = name? {
                for naming in names {
                    let naming = naming?;
                    self.names.insert(naming.index as usize, naming.name);
                }
            }
        }
        Ok(())
    }

    fn unused(&self) -> Vec<Range<usize>> {
        let is_unused = |number: usize| {
            let name = self.names.get(&(self.n_imported + number));
            name.is_some_and(|name| name.contains(UNUSED))
        };
        let bodies = self.bodies.iter().enumerate();
        bodies
            .filter(|(number, body)| body.len() > SHORT && is_unused(*number))
            .map(|(_, body)| body.clone())
            .collect()
    }

    /// The section of relocations, as it is when the bodies in `without` need nothing. They are in order.
    fn relocations_without(&self, without: &[Range<usize>]) -> Vec<u8> {
        let is_kept = |relocation: &&RelocationEntry| {
            let place = self.code + relocation.offset as usize;
            let at = without.partition_point(|body| body.end <= place);
            without.get(at).is_none_or(|body| !body.contains(&place))
        };
        let kept: Vec<_> = self.relocations.iter().filter(is_kept).collect();
        let mut data = Vec::new();
        self.section.encode(&mut data);
        kept.len().encode(&mut data);
        for relocation in kept {
            data.push(relocation.ty as u8);
            relocation.offset.encode(&mut data);
            relocation.index.encode(&mut data);
            if relocation.ty.addend_kind() != RelocAddendKind::None {
                relocation.addend.encode(&mut data);
            }
        }
        data
    }
}

fn trap(body: &mut [u8]) {
    body.fill(NOP);
    if let [start @ .., end] = body {
        *end = END;
        start[..TRAP.len()].copy_from_slice(&TRAP);
    }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        CodeSection, Function, FunctionSection, Instruction, NameMap, NameSection, TypeSection,
    };
    use wasmparser::{Operator, RelocationType, Validator};

    use super::*;

    /// Two functions of the same length, each with a relocation.
    fn program() -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
        for _ in 0..2 {
            functions.function(0);
            let mut function = Function::new([]);
            for _ in 0..SHORT {
                function.instruction(&Instruction::Call(0));
            }
            function.instruction(&Instruction::End);
            code.function(&function);
        }
        let mut relocations = Vec::new();
        // The code is the third section.
        2_u32.encode(&mut relocations);
        2_u32.encode(&mut relocations);
        for (offset, index) in [(10_u32, 3_u32), (10 + 2 * 40 + 5, 4)] {
            relocations.push(RelocationType::FunctionIndexLeb as u8);
            offset.encode(&mut relocations);
            index.encode(&mut relocations);
        }
        let mut names = NameMap::new();
        names.append(0, "_ZN4view13hydrate_async17h0123456789abcdefE");
        names.append(1, "_ZN4view7hydrate17h0123456789abcdefE");
        let mut section = NameSection::new();
        section.functions(&names);
        let mut module = Module::new();
        module.section(&types).section(&functions).section(&code);
        module.section(&CustomSection {
            name: RELOCATIONS.into(),
            data: relocations.into(),
        });
        module.section(&section);
        module.finish()
    }

    #[test]
    fn an_unused_function_traps_and_needs_nothing_any_more() {
        let wasm = leave_out(&program()).unwrap();
        Validator::new().validate_all(&wasm).unwrap();
        let program = Program::read(&wasm).unwrap();
        let needed: Vec<u32> = program.relocations.iter().map(|one| one.index).collect();
        assert_eq!(needed, [4]);
        let mut bodies = Vec::new();
        for payload in Parser::new(0).parse_all(&wasm) {
            if let Payload::CodeSectionEntry(body) = payload.unwrap() {
                bodies.push(body);
            }
        }
        let first = |number: usize| {
            bodies[number]
                .get_operators_reader()
                .unwrap()
                .read()
                .unwrap()
        };
        assert_eq!(first(0), Operator::Unreachable);
        assert_eq!(first(1), Operator::Call { function_index: 0 });
    }
}
