# Other languages' libraries and tools against ours; tests/interop/install gets them.
foreach(interop asyncapi golden languages)
    add_test(NAME interop/${interop}
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/e2e/venv ${CMAKE_CURRENT_SOURCE_DIR}/interop/test_${interop}.py)
    set_tests_properties(interop/${interop} PROPERTIES LABELS interop TIMEOUT 600
        ENVIRONMENT "SLIPSTREAM_SOURCE=${PROJECT_SOURCE_DIR};SLIPSTREAM_BINARY=$<TARGET_FILE:slipstream>")
endforeach()
