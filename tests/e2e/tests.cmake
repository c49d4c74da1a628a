# Scenarios over the real Kafka, Redis and registry, in Python; each is one program, e2e/test_NAME.py.
foreach(scenario check_five bad_input framings poison deadletter evolution mapping duplicates waiting reload alerts sinks
        exactly_once import_311 explain fleet handover)
    add_test(NAME e2e/${scenario}
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/e2e/venv ${CMAKE_CURRENT_SOURCE_DIR}/e2e/test_${scenario}.py)
    set_tests_properties(e2e/${scenario} PROPERTIES LABELS e2e TIMEOUT 300
        ENVIRONMENT "SLIPSTREAM_SOURCE=${PROJECT_SOURCE_DIR};SLIPSTREAM_BINARY=$<TARGET_FILE:slipstream>")
endforeach()
# Those that wait for the clock to strike begin first, while others work beside them; the other has intervals of seconds.
set_tests_properties(e2e/alerts e2e/explain e2e/fleet PROPERTIES COST 1000)
set_tests_properties(e2e/sinks PROPERTIES RUN_SERIAL ON)

# The same with the intervals that people run it with: 25 minutes, most of it waiting, so only when it is asked for.
add_test(NAME long/sinks COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/e2e/venv ${CMAKE_CURRENT_SOURCE_DIR}/e2e/test_sinks.py)
set_tests_properties(long/sinks PROPERTIES LABELS long TIMEOUT 3000 RUN_SERIAL ON
    ENVIRONMENT "SLIPSTREAM_SOURCE=${PROJECT_SOURCE_DIR};SLIPSTREAM_BINARY=$<TARGET_FILE:slipstream>;E2E_LONG=1;E2E_LIMIT_S=2900")

# What e2e/handover runs first: the source's own contract, where the mock cluster cannot judge it.
add_executable(handover e2e/handover.c)
target_link_libraries(handover PRIVATE kafka rdkafka cmocka)
target_include_directories(handover PRIVATE support)
