# Programs that measure; they are run by hand, from a release build.
if(NOT SLIPSTREAM_SANITIZE) # they stand in for malloc, which a sanitizer also does
    add_executable(bench_decode bench/decode.c)
    target_link_libraries(bench_decode PRIVATE decode avro)
    target_include_directories(bench_decode PRIVATE support)
    add_executable(bench_allocations bench/allocations.c)
    target_link_libraries(bench_allocations PRIVATE commands m)
    target_link_options(bench_allocations PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc)
    target_include_directories(bench_allocations PRIVATE support ${PROJECT_SOURCE_DIR}/processor/pipeline)
endif()

add_executable(bench_fill bench/fill.c)
target_link_libraries(bench_fill PRIVATE commands rdkafka m)
target_include_directories(bench_fill PRIVATE support)
add_executable(bench_raw bench/raw.c)
target_link_libraries(bench_raw PRIVATE rdkafka)
