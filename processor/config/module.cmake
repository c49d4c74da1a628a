# deploy/scoring.yaml is built into the program: the assembler finds it there, and a change of it compiles anew.
set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/config/scoring_builtin.c PROPERTIES
    COMPILE_OPTIONS "-Wa,-I${PROJECT_SOURCE_DIR}/deploy"
    OBJECT_DEPENDS "${PROJECT_SOURCE_DIR}/deploy/scoring.yaml")
