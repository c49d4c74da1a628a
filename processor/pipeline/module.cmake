# The schemas of what is published become part of the program.
file(GLOB published_schemas ${PROJECT_SOURCE_DIR}/schemas/*.avsc)
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/topics.c PROPERTIES
    OBJECT_DEPENDS "${published_schemas}"
    COMPILE_DEFINITIONS "SLIPSTREAM_SCHEMAS=\"${PROJECT_SOURCE_DIR}/schemas\"")
