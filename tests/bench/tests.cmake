# Programs that measure; they are run by hand, from a release build.
if(NOT SLIPSTREAM_SANITIZE) # they stand in for malloc, which a sanitizer also does
    add_executable(bench_decode bench/decode.c)
    target_link_libraries(bench_decode PRIVATE decode avro)
    target_include_directories(bench_decode PRIVATE support)
endif()
