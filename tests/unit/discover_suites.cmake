# Lists the suites of the GoogleTest program BINARY and writes one add_test() for each to OUTPUT.
execute_process(COMMAND "${BINARY}" --gtest_list_tests
  OUTPUT_VARIABLE listing RESULT_VARIABLE failed)
if(failed)
  file(REMOVE "${OUTPUT}")
  message(FATAL_ERROR "${BINARY} --gtest_list_tests failed: ${failed}\n${listing}")
endif()
string(REPLACE ";" "," listing "${listing}")
string(REGEX MATCHALL "(^|\n)[A-Za-z0-9_/]+\\." suites "${listing}")
set(script "")
foreach(suite IN LISTS suites)
  string(REGEX REPLACE "[\n.]" "" suite "${suite}")
  string(APPEND script "add_test(\"unit/${suite}\" \"${BINARY}\" "
    "--gtest_brief=1 \"--gtest_filter=${suite}.*\")\n")
endforeach()
file(WRITE "${OUTPUT}" "${script}")
