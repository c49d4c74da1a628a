# Run by a test: is a generated page what the program generates? BINARY, WORD (of `slipstream config`), PAGE.
execute_process(COMMAND ${BINARY} config ${WORD} OUTPUT_VARIABLE generated RESULT_VARIABLE result)
file(READ ${PAGE} kept)
if(NOT result EQUAL 0 OR NOT generated STREQUAL kept)
    message(FATAL_ERROR "${PAGE} is not what `slipstream config ${WORD}` prints: write it anew with that command")
endif()
