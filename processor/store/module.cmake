# The scripts are part of the program: the assembler reads them where scripts.c says .incbin.
set(store_folder ${CMAKE_CURRENT_SOURCE_DIR}/store)
set_source_files_properties(${store_folder}/scripts.c PROPERTIES
    COMPILE_OPTIONS "-Wa,-I,${store_folder}"
    OBJECT_DEPENDS "${store_folder}/claim.lua;${store_folder}/apply.lua")
target_link_libraries(store PRIVATE openssl)
