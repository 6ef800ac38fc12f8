//! One wasm file out of several parts, for those that are fetched together.
//!
//! A part reaches the functions of others through the table that all share. Where both get into one file,
//! it calls them directly, and what was there for calling them is left out.

use std::{collections::HashMap, convert::Infallible, mem::discriminant};

use anyhow::{Context, Result, bail, ensure};
use wasm_encoder::{
    CodeSection, DataSection, ElementSection, FunctionSection, ImportSection, Module, NameMap,
    NameSection, TypeSection,
    reencode::{self, Reencode},
};
use wasmparser::{
    Data, Element, ElementItems, ElementKind, FuncType, FunctionBody, Import, KnownCustom, Name,
    Operator, Parser, Payload, TypeRef,
};

/// Everything that the parts do, in one module. They must be parts of one program that was split.
pub(super) fn merge(parts: &[Vec<u8>]) -> Result<Vec<u8>> {
    let parts = parts
        .iter()
        .map(|part| Part::read(part))
        .collect::<Result<Vec<_>>>()?;
    let mut types = Vec::new();
    let mut imports = Vec::new();
    let mut places: Vec<Places> = parts
        .iter()
        .map(|part| Places::new(part, &mut types, &mut imports))
        .collect();
    let functions = place_functions(&parts, &mut places)?;
    write(&parts, &mut places, (&types, &imports), &functions)
        .context("failed to write what was merged")
}

/// A function by the part that it is in and its number there.
type FunctionOf = (usize, usize);

/// A place in the table of functions.
type Slot = u32;

#[derive(Default)]
struct Part<'a> {
    types: Vec<FuncType>,
    imports: Vec<Import<'a>>,
    /// The types of the functions.
    functions: Vec<u32>,
    bodies: Vec<FunctionBody<'a>>,
    elements: Vec<Element<'a>>,
    data: Vec<Data<'a>>,
    names: HashMap<u32, &'a str>,
}

impl<'a> Part<'a> {
    fn read(wasm: &'a [u8]) -> Result<Self> {
        let mut part = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::TypeSection(section) => {
                    for each in section.into_iter_err_on_gc_types() {
                        part.types.push(each?);
                    }
                }
                Payload::ImportSection(section) => {
                    for each in section.into_imports() {
                        part.imports.push(each?);
                    }
                }
                Payload::FunctionSection(section) => {
                    for each in section {
                        part.functions.push(each?);
                    }
                }
                Payload::ElementSection(section) => {
                    for each in section {
                        part.elements.push(each?);
                    }
                }
                Payload::CodeSectionEntry(body) => part.bodies.push(body),
                Payload::DataSection(section) => {
                    for each in section {
                        part.data.push(each?);
                    }
                }
                Payload::CustomSection(section) => {
                    if let KnownCustom::Name(names) = section.as_known() {
                        part.read_names(names)?;
                    }
                }
                Payload::Version { .. }
                | Payload::DataCountSection { .. }
                | Payload::CodeSectionStart { .. }
                | Payload::End(_) => {}
                other => bail!("a part of the program has something unexpected: {other:?}"),
            }
        }
        let has_function = |import: &Import<'_>| matches!(import.ty, TypeRef::Func(_));
        ensure!(
            !part.imports.iter().any(has_function),
            "a part of the program imports a function"
        );
        Ok(part)
    }

    fn read_names(&mut self, names: wasmparser::NameSectionReader<'a>) -> Result<()> {
        for name in names {
            if let Name::Function(names) = name? {
                for naming in names {
                    let naming = naming?;
                    self.names.insert(naming.index, naming.name);
                }
            }
        }
        Ok(())
    }

    /// Which function is put into which slot of the table.
    fn slots(&self) -> Result<Vec<(Slot, u32)>> {
        let mut slots = Vec::new();
        for element in &self.elements {
            let (ElementKind::Active { offset_expr, .. }, ElementItems::Functions(functions)) =
                (&element.kind, &element.items)
            else {
                continue;
            };
            let Operator::I32Const { value } = offset_expr.get_operators_reader().read()? else {
                continue;
            };
            for (slot, function) in (value.cast_unsigned()..).zip(functions.clone()) {
                slots.push((slot, function?));
            }
        }
        Ok(slots)
    }

    /// The slot whose function this one calls with what it is given, if it does nothing else.
    fn forwards_to(&self, function: usize) -> Result<Option<Slot>> {
        let own_type = self.functions[function];
        let n_parameters = self.types[own_type as usize].params().len();
        let mut operators = self.bodies[function].get_operators_reader()?;
        for parameter in (0..).take(n_parameters) {
            match operators.read()? {
                Operator::LocalGet { local_index } if local_index == parameter => {}
                _ => return Ok(None),
            }
        }
        let Operator::I32Const { value } = operators.read()? else {
            return Ok(None);
        };
        match operators.read()? {
            Operator::CallIndirect { type_index, .. } if type_index == own_type => {}
            _ => return Ok(None),
        }
        let is_all = matches!(operators.read()?, Operator::End) && operators.eof();
        Ok(is_all.then_some(value.cast_unsigned()))
    }
}

/// Where what a part has is in the whole.
#[derive(Default)]
struct Places {
    types: Vec<u32>,
    functions: Vec<u32>,
    globals: Vec<u32>,
    tables: Vec<u32>,
    memories: Vec<u32>,
}

impl Places {
    fn new<'a>(part: &Part<'a>, types: &mut Vec<FuncType>, imports: &mut Vec<Import<'a>>) -> Self {
        let mut places = Self {
            types: part.types.iter().map(|each| place(types, each)).collect(),
            ..Self::default()
        };
        for import in &part.imports {
            place(imports, import);
            let kind = discriminant(&import.ty);
            let alike = imports
                .iter()
                .filter(|other| discriminant(&other.ty) == kind);
            let index = index(alike.take_while(|other| *other != import).count());
            match import.ty {
                TypeRef::Global(_) => places.globals.push(index),
                TypeRef::Table(_) => places.tables.push(index),
                TypeRef::Memory(_) => places.memories.push(index),
                TypeRef::Func(_) | TypeRef::FuncExact(_) | TypeRef::Tag(_) => {}
            }
        }
        places
    }
}

impl Reencode for Places {
    type Error = Infallible;

    fn type_index(&mut self, ty: u32) -> Result<u32, reencode::Error> {
        Ok(self.types[ty as usize])
    }

    fn function_index(&mut self, function: u32) -> Result<u32, reencode::Error> {
        Ok(self.functions[function as usize])
    }

    fn global_index(&mut self, global: u32) -> Result<u32, reencode::Error> {
        Ok(self.globals[global as usize])
    }

    fn table_index(&mut self, table: u32) -> Result<u32, reencode::Error> {
        Ok(self.tables[table as usize])
    }

    fn memory_index(&mut self, memory: u32) -> Result<u32, reencode::Error> {
        Ok(self.memories[memory as usize])
    }
}

/// Decides which functions are written, and where calls of the others go; returns those that are.
fn place_functions(parts: &[Part<'_>], places: &mut [Places]) -> Result<Vec<FunctionOf>> {
    let mut forwards = HashMap::new();
    for (number, part) in parts.iter().enumerate() {
        for function in 0..part.bodies.len() {
            if let Some(slot) = part.forwards_to(function)? {
                forwards.insert((number, function), slot);
            }
        }
    }
    let mut filled = HashMap::new();
    for (number, part) in parts.iter().enumerate() {
        for (slot, function) in part.slots()? {
            let function = (number, function as usize);
            if !forwards.contains_key(&function) {
                filled.insert(slot, function);
            }
        }
    }
    let mut written = Vec::new();
    let mut targets: HashMap<FunctionOf, FunctionOf> = HashMap::new();
    let mut first_to = HashMap::new();
    for (number, part) in parts.iter().enumerate() {
        for function in 0..part.bodies.len() {
            let function = (number, function);
            let target = forwards.get(&function).map(|slot| {
                let there = filled.get(slot).copied();
                there.unwrap_or_else(|| *first_to.entry(*slot).or_insert(function))
            });
            match target {
                Some(target) if target != function => drop(targets.insert(function, target)),
                Some(_) | None => written.push(function),
            }
        }
    }
    let places_of: HashMap<FunctionOf, u32> = written.iter().copied().zip(0..).collect();
    for (number, part) in parts.iter().enumerate() {
        let place = |function| {
            let function = (number, function);
            places_of[targets.get(&function).unwrap_or(&function)]
        };
        places[number].functions = (0..part.bodies.len()).map(place).collect();
    }
    Ok(written)
}

fn write(
    parts: &[Part<'_>],
    places: &mut [Places],
    (types, imports): (&[FuncType], &[Import<'_>]),
    written: &[FunctionOf],
) -> Result<Vec<u8>, reencode::Error> {
    let mut as_they_are = reencode::RoundtripReencoder;
    let (mut type_section, mut import_section) = (TypeSection::new(), ImportSection::new());
    for each in types {
        type_section
            .ty()
            .func_type(&as_they_are.func_type(each.clone())?);
    }
    for each in imports {
        as_they_are.parse_import(&mut import_section, *each)?;
    }
    let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
    let mut names = NameMap::new();
    for (place, &(number, function)) in (0..).zip(written) {
        let part = &parts[number];
        functions.function(places[number].types[part.functions[function] as usize]);
        places[number].parse_function_body(&mut code, part.bodies[function].clone())?;
        if let Some(name) = part.names.get(&index(function)) {
            names.append(place, name);
        }
    }
    let (mut elements, mut data) = (ElementSection::new(), DataSection::new());
    for (part, places) in parts.iter().zip(places) {
        for each in &part.elements {
            places.parse_element(&mut elements, each.clone())?;
        }
        for each in &part.data {
            places.parse_data(&mut data, each.clone())?;
        }
    }
    let mut module = Module::new();
    module
        .section(&type_section)
        .section(&import_section)
        .section(&functions)
        .section(&elements)
        .section(&code)
        .section(&data);
    if !names.is_empty() {
        let mut section = NameSection::new();
        section.functions(&names);
        module.section(&section);
    }
    Ok(module.finish())
}

/// Where the item is among others; it becomes the last if it is not there.
fn place<T: Clone + PartialEq>(among: &mut Vec<T>, item: &T) -> u32 {
    let found = among.iter().position(|other| other == item);
    index(found.unwrap_or_else(|| {
        among.push(item.clone());
        among.len() - 1
    }))
}

/// A number as wasm has them, of which it has no more than fit.
fn index(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
