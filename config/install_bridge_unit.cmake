# Run by the installation: slickq-bridge@.service with the path of this installation's program.
# Needs work_dir and program_dir (relative to the prefix).
file(READ ${CMAKE_CURRENT_LIST_DIR}/slickq-bridge@.service unit)
string(REPLACE "=/usr/bin/" "=${CMAKE_INSTALL_PREFIX}/${program_dir}/" unit "${unit}")
file(WRITE ${work_dir}/slickq-bridge@.service "${unit}")
file(INSTALL ${work_dir}/slickq-bridge@.service DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/systemd/system)
