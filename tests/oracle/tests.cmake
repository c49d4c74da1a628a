# Random pairs of schemas and values: the decode plan beside fastavro and Avro-C. The long run is by hand:
# tests/e2e/venv tests/oracle/resolve.py --pairs 100000
add_executable(oracle_resolve oracle/resolve.c)
target_link_libraries(oracle_resolve PRIVATE decode avro jansson)
target_include_directories(oracle_resolve PRIVATE ${PROJECT_SOURCE_DIR}/processor/decode)
set(oracle_options --pairs 6000)
if(SLIPSTREAM_SANITIZE) # Avro-C leaks, which is not ours to be judged by
    set(oracle_options --pairs 2000 --plan-alone)
endif()
add_test(NAME integration/decode_oracle
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/e2e/venv ${CMAKE_CURRENT_SOURCE_DIR}/oracle/resolve.py
        --filter $<TARGET_FILE:oracle_resolve> ${oracle_options})
set_tests_properties(integration/decode_oracle PROPERTIES LABELS integration TIMEOUT 120)
