use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, Elements, EntityType, Function,
    FunctionSection, ImportSection, Instruction, MemoryType, Module, RefType, TableType,
    TypeSection, ValType,
};
use wasmparser::Validator;

use super::*;

/// A part whose functions all take a number and return one.
struct Made {
    /// What the functions do with it.
    functions: Vec<Vec<Instruction<'static>>>,
    /// The first slot of the table that is filled, with all functions in their order.
    slot: Option<i32>,
    data_at: i32,
}

impl Made {
    fn wasm(&self) -> Vec<u8> {
        let mut types = TypeSection::new();
        // The parts number their types differently.
        if self.slot.is_some() {
            types.ty().function([ValType::F64], []);
        }
        types.ty().function([ValType::I32], [ValType::I32]);
        let own_type = types.len() - 1;
        let mut imports = ImportSection::new();
        imports.import("__wasm_split", "table", TABLE);
        imports.import("__wasm_split", "memory", MEMORY);
        let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
        for instructions in &self.functions {
            functions.function(own_type);
            let mut function = Function::new([]);
            for instruction in instructions {
                let instruction = match instruction {
                    Instruction::CallIndirect { table_index, .. } => Instruction::CallIndirect {
                        type_index: own_type,
                        table_index: *table_index,
                    },
                    other => other.clone(),
                };
                function.instruction(&instruction);
            }
            function.instruction(&Instruction::End);
            code.function(&function);
        }
        let mut elements = ElementSection::new();
        if let Some(slot) = self.slot {
            let all: Vec<u32> = (0..functions.len()).collect();
            elements.active(
                None,
                &ConstExpr::i32_const(slot),
                Elements::Functions(all.into()),
            );
        }
        let mut data = DataSection::new();
        data.active(0, &ConstExpr::i32_const(self.data_at), [1, 2, 3]);
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions);
        module.section(&elements).section(&code).section(&data);
        module.finish()
    }
}

const TABLE: EntityType = EntityType::Table(TableType {
    element_type: RefType::FUNCREF,
    table64: false,
    minimum: 100,
    maximum: None,
    shared: false,
});
const MEMORY: EntityType = EntityType::Memory(MemoryType {
    minimum: 1,
    maximum: None,
    memory64: false,
    shared: false,
    page_size_log2: None,
});

/// What a part has for calling the function in a slot.
fn forward(slot: i32) -> Vec<Instruction<'static>> {
    vec![
        Instruction::LocalGet(0),
        Instruction::I32Const(slot),
        Instruction::CallIndirect {
            type_index: 0,
            table_index: 0,
        },
    ]
}

fn call(function: u32) -> Vec<Instruction<'static>> {
    vec![Instruction::LocalGet(0), Instruction::Call(function)]
}

/// One part whose function is in slot 5, and one that calls it and the one in slot 77, which neither has.
fn merged() -> Vec<u8> {
    let one = Made {
        functions: vec![vec![Instruction::LocalGet(0)]],
        slot: Some(5),
        data_at: 64,
    };
    let other = Made {
        functions: vec![
            forward(5),
            forward(77),
            forward(77),
            call(0),
            call(1),
            call(2),
        ],
        slot: None,
        data_at: 128,
    };
    let wasm = merge(&[one.wasm(), other.wasm()]).unwrap();
    Validator::new().validate_all(&wasm).unwrap();
    wasm
}

/// Which functions each function calls.
fn calls(part: &Part<'_>) -> Vec<Vec<u32>> {
    let calls = |body: &FunctionBody<'_>| {
        let operators = body.get_operators_reader().unwrap().into_iter();
        let call = |operator: Operator<'_>| match operator {
            Operator::Call { function_index } => Some(function_index),
            _ => None,
        };
        operators
            .filter_map(|operator| call(operator.unwrap()))
            .collect()
    };
    part.bodies.iter().map(calls).collect()
}

#[test]
fn functions_of_the_same_file_are_called_directly_and_others_through_one_function() {
    let wasm = merged();
    let whole = Part::read(&wasm).unwrap();
    // The function in slot 5, the one that calls slot 77, and the three callers.
    assert_eq!(whole.bodies.len(), 5);
    assert_eq!(whole.forwards_to(1).unwrap(), Some(77));
    assert_eq!(calls(&whole)[2..], [[0], [1], [1]]);
}

#[test]
fn what_parts_put_into_the_table_and_the_memory_is_still_put_there() {
    let wasm = merged();
    let whole = Part::read(&wasm).unwrap();
    assert_eq!(whole.slots().unwrap(), [(5, 0)]);
    assert_eq!(whole.imports.len(), 2);
    assert_eq!(whole.data.len(), 2);
    assert!(whole.data.iter().all(|data| data.data == [1, 2, 3]));
}

#[test]
fn a_part_that_imports_a_function_is_refused() {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let mut imports = ImportSection::new();
    imports.import("elsewhere", "run", EntityType::Function(0));
    let mut module = Module::new();
    module.section(&types).section(&imports);
    let error = merge(&[module.finish()]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a part of the program imports a function"
    );
}
