# Run by a test: does a file of a module compile that includes a header? COMPILER, PATHS (the module's own include
# paths), HEADER, EXPECTED (TRUE or FALSE), FOLDER to work in.
file(WRITE ${FOLDER}/floor.c "#include \"slipstream/${HEADER}.h\"\n")
list(TRANSFORM PATHS PREPEND -I)
execute_process(COMMAND ${COMPILER} -D_GNU_SOURCE -std=gnu11 ${PATHS} -fsyntax-only ${FOLDER}/floor.c
    RESULT_VARIABLE result ERROR_VARIABLE said)
if(result EQUAL 0)
    set(compiled TRUE)
else()
    set(compiled FALSE)
endif()
if(NOT compiled STREQUAL EXPECTED)
    message(FATAL_ERROR "including slipstream/${HEADER}.h: compiles ${compiled}, expected ${EXPECTED}\n${said}")
endif()
