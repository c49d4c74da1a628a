# What other teams rely on: the schemas against those that were released.
add_test(NAME contract/schemas
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/e2e/venv ${CMAKE_CURRENT_SOURCE_DIR}/contract/test_schemas.py)
set_tests_properties(contract/schemas PROPERTIES LABELS unit TIMEOUT 300
    ENVIRONMENT "SLIPSTREAM_SOURCE=${PROJECT_SOURCE_DIR}")
