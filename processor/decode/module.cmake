# The reader schemas become part of the program: reader_schemas.c takes their bytes in, and is compiled again when one
# of them changes.
set(reader_schemas web phone office chat)
list(TRANSFORM reader_schemas PREPEND ${PROJECT_SOURCE_DIR}/schemas/)
list(TRANSFORM reader_schemas APPEND _interaction.avsc)
set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/decode/reader_schemas.c PROPERTIES
    OBJECT_DEPENDS "${reader_schemas}"
    COMPILE_DEFINITIONS "SLIPSTREAM_SCHEMAS=\"${PROJECT_SOURCE_DIR}/schemas\"")
